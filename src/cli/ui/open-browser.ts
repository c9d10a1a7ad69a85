import { spawn } from 'node:child_process';

/**
 * Opens a URL in the user's browser.
 * @param onFailure is called if the program that opens it cannot be started.
 */
export function openBrowser(url: string, onFailure: (program: string) => void): void {
  const [program, ...args] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.once('error', () => onFailure(program));
  child.unref();
}

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  // The empty argument is the title of the window, for which `start` takes the first quoted one.
  win32: ['cmd', '/c', 'start', '""'],
};
