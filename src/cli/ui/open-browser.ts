import { spawn } from 'node:child_process';

/**
 * Opens a URL in the user's browser.
 * @param onFailure is called if the program that opens it cannot be started, or fails.
 */
export function openBrowser(url: string, onFailure: (program: string) => void): void {
  const [program, ...args] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.once('error', () => onFailure(program));
  child.once('exit', (code) => {
    if (code !== 0) onFailure(program);
  });
  child.unref();
}

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  // Not `start`, for which `=` separates arguments.
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};
