import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Whether a process is stopped by a signal with all its threads: the first thread may stop before the others. */
export async function isProcessFrozen(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return (await stateFromPs(pid)).startsWith('T');
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(threads.map((thread) => threadState(pid, thread)));
  return states.every((state) => state === 'T' || state === 'gone');
}

async function threadState(pid: number, thread: string): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    // The second field is the program's name in parentheses, which may contain spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  } catch {
    return 'gone';
  }
}

async function stateFromPs(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)]);
  return stdout.trim();
}
