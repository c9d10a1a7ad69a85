import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** Runs a line of `sh` when this process dies in whatever way, unless released first. */
export interface Guard {
  /** The process that the script is to end, as `$pid`; empty while there is none. */
  watch(pid: number | undefined): void;
  release(): void;
}

/**
 * A killed process runs no exit handler, and an orphaned etcd would keep its port and its files forever. So a shell
 * waits at the other end of a pipe: the kernel closes the pipe with its owner, however the owner ends. It has a
 * session of its own, because a signal to the owner's process group, as a terminal sends it, must not end the guard.
 *
 * @param args `$1`, `$2`, … of the script.
 */
export function guard(script: string, args: readonly string[]): Guard {
  if (process.platform === 'win32') return { watch: () => {}, release: () => {} };
  const waiting = `trap '' INT TERM HUP; pid=; while read -r line; do pid=$line; done; ${script}`;
  const shell = spawn('/bin/sh', ['-c', waiting, 'sh', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  detach(shell);
  return {
    watch: (pid) => void shell.stdin.write(`${pid ?? ''}\n`),
    release: () => void shell.kill('SIGKILL'),
  };
}

/** Lets the process end although the shell still waits. */
export function detach(shell: Pick<ChildProcess, 'unref' | 'stdin'>): void {
  shell.unref();
  // A socket in Node. In Bun it is none, has no such method, and keeps no process alive.
  (shell.stdin as Partial<Socket> | null)?.unref?.();
}
