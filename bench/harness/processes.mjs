// The processes of a run. Each is pinned if there is a core for it, and ends with the process that started it.
import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The cores of the client, of etcd, and of everything else; undefined if processes cannot be pinned. */
export function planCores() {
  if (availableParallelism() < 2) return { why: 'there is a single core' };
  const { status, stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
  if (status !== 0) return { why: 'there is no taskset' };
  const allowed = coresIn(stdout.slice(stdout.lastIndexOf(':') + 1));
  if (allowed.length < 2) return { why: 'this process may use a single core' };
  const [client, server, others = server] = allowed;
  return { client, server, others };
}

/** The numbers in a list such as `0-2,5`. */
export function coresIn(list) {
  return list
    .trim()
    .split(',')
    .flatMap((part) => {
      const [from, to = from] = part.split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
}

/** Moves this process, with all its threads and what it starts from now on, to a core. */
export function moveTo(core) {
  if (core !== undefined) spawnSync('taskset', ['-acp', String(core), String(process.pid)]);
}

/** Starts a script of this folder with a message channel. It reads its task with `ownTask`, and ends when the channel does. */
export function start(script, { core, task, execArgv = [] }) {
  const command = [process.execPath, ...execArgv, fileURLToPath(new URL(script, import.meta.url))];
  if (core !== undefined) command.unshift('taskset', '-c', String(core));
  return spawn(command[0], command.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, BENCH_TASK: JSON.stringify(task) },
  });
}

/** The task that `start` gave to this process. */
export function ownTask() {
  process.once('disconnect', () => process.exit());
  return JSON.parse(process.env.BENCH_TASK);
}

/** The next message of a process. Rejects if the process ends instead. */
export function reply(child, timeoutMs = 300_000) {
  return new Promise((resolve, reject) => {
    const finish = (settle) => (value) => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      settle(value);
    };
    const onMessage = finish((message) =>
      message?.error === undefined ? resolve(message) : reject(new Error(message.error)),
    );
    const onExit = finish((code) => reject(new Error(`its process ended with ${code}`)));
    const timer = setTimeout(
      () => finish(reject)(new Error(`no result within ${timeoutMs / 1_000} s`)),
      timeoutMs,
    );
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}
