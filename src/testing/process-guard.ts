import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** Runs `script` (a line of `sh`, with `args` as `$1`…) when this process dies in whatever way, unless released first. */
export interface Guard {
  release(): void;
}

/**
 * A killed process runs no exit handler, and an orphaned etcd would keep its port and its files for ever. So a
 * shell waits at the other end of a pipe: the kernel closes the pipe with its owner, however the owner ends. It
 * ignores the terminal's signals, which reach the whole process group, since it is needed just then.
 */
export function guard(script: string, args: readonly string[]): Guard {
  if (process.platform === 'win32') return { release: () => {} };
  const waiting = `trap '' INT TERM HUP; read -r line; ${script}`;
  const shell = spawn('/bin/sh', ['-c', waiting, 'sh', ...args], { stdio: ['pipe', 'ignore', 'ignore'] });
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  detach(shell);
  return { release: () => void shell.kill('SIGKILL') };
}

/** Lets the process end although the shell still waits. */
function detach(shell: ChildProcess): void {
  shell.unref();
  (shell.stdin as Socket | null)?.unref();
}
