import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { until, type WaitLimits } from '../wait.js';
import type { ProcessGroup } from './group.js';
import { listenerOf } from './socket-owner.js';

const CLOSE_LIMITS: WaitLimits = { timeoutMs: 10_000 };

/** A started program: etcd, or a script that starts it. */
export interface ServerProgram {
  readonly path: string;
  /** `host:port` of its client address. */
  readonly endpoint: string;
  /** The data folder in etcd's command line, unique to the program. */
  readonly dataDir: string;
}

/**
 * Returns the process of the group that is etcd itself; undefined where this cannot be determined.
 *
 * @throws Error when a process outside the group listens. It is killed if the data folder is in its command line.
 */
export async function findServerPid(
  program: ServerProgram,
  group: ProcessGroup,
): Promise<number | undefined> {
  if (process.platform !== 'linux') return group.id;
  const pids = (await group.processes()).map(({ pid }) => pid);
  const found = await listenerOf(Number(program.endpoint.split(':').at(-1)), pids);
  if (found !== 'another') return found;
  await killProcessesWith(program.dataDir);
  throw new Error(outsideText(program));
}

/** Resolves when no process listens on the client address: etcd has then ended, wherever it ran. */
export async function waitUntilClosed(program: ServerProgram): Promise<void> {
  try {
    await until('the end', CLOSE_LIMITS, async () => !(await accepts(program.endpoint)));
  } catch (error) {
    throw new Error(outsideText(program), { cause: error });
  }
}

function outsideText({ path, endpoint }: ServerProgram): string {
  return `the process that listens on ${endpoint} is outside the process group of ${path}, so that pause(), kill(), wipe() and close() do not reach it: let the script start etcd with 'exec'`;
}

async function accepts(endpoint: string): Promise<boolean> {
  const { hostname, port } = new URL(`http://${endpoint}`);
  const socket = connect({ host: hostname, port: Number(port) });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function killProcessesWith(argument: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!line.split('\0').includes(argument)) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {} // it has ended
  }
}
