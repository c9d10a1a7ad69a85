import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** Runs a line of `sh` when this process ends in any way, unless it is released first. */
export interface Guard {
  /** The process that the script ends, as `$pid`; empty when there is none. */
  watch(pid: number | undefined): void;
  release(): void;
}

/**
 * A killed process runs no exit handler, and an orphaned etcd would keep its port and its files forever. So a shell waits
 * at the other end of a pipe, which the kernel closes when its owner ends in any way. The shell has its own session,
 * because a signal to the owner's process group, as from a terminal, must not end the guard.
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

/** Allows the process to end while the shell waits. */
export function detach(shell: Pick<ChildProcess, 'unref' | 'stdin'>): void {
  shell.unref();
  // A socket in Node. In Bun it is not a socket, has no such method, and does not keep the process alive.
  (shell.stdin as Partial<Socket> | null)?.unref?.();
}
