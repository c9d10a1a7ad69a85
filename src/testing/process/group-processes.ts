import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A live process of a process group. */
export interface GroupProcess {
  readonly pid: number;
  /** Whether a signal has stopped all its threads: the first thread may stop before the others. */
  readonly isFrozen: boolean;
}

/** The processes of a group without zombies, which stay forever if the init process does not reap them. */
export async function groupProcesses(group: number): Promise<GroupProcess[]> {
  if (process.platform !== 'linux') return processesFromPs(group);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => processOfGroup(Number(pid), group)));
  return found.filter((one) => one !== undefined);
}

async function processOfGroup(pid: number, group: number): Promise<GroupProcess | undefined> {
  const stat = await readStat(`/proc/${pid}/stat`);
  if (stat === undefined || stat.group !== group || hasEnded(stat)) return undefined;
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const stats = await Promise.all(threads.map((thread) => readStat(`/proc/${pid}/task/${thread}/stat`)));
  return { pid, isFrozen: stats.every((one) => one === undefined || one.state === 'T') };
}

interface Stat {
  readonly state: string;
  readonly group: number;
  readonly threads: number;
}

/** A process is a zombie when its first thread has ended; other threads may still run and keep its files open. */
function hasEnded({ state, threads }: Stat): boolean {
  return state === 'X' || (state === 'Z' && threads <= 1);
}

async function readStat(path: string): Promise<Stat | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    // The second field is the program's name in parentheses, which may contain spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', group: Number(fields[2]), threads: Number(fields[17]) };
  } catch {
    return undefined; // the process has ended
  }
}

async function processesFromPs(group: number): Promise<GroupProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,pgid=,state=']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, pgid, state = 'Z']) => Number(pgid) === group && !state.startsWith('Z'))
    .map(([pid, , state]) => ({ pid: Number(pid), isFrozen: state?.startsWith('T') ?? false }));
}
