import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TrafficOptions } from './traffic/run.js';
import { summaryFile, type TrafficSummary } from './traffic/summary.js';

/** The folder of the compiled project: the parent of `build`. */
export const projectHome = join(import.meta.dirname, '../../..');

/**
 * Runs the traffic in a process of its own, from the compiled project in `home`, which may be a broken copy. On abort it
 * ends the process, which stops its cluster first, and rejects with the signal's reason.
 */
export async function runTrafficProcess(
  home: string,
  options: TrafficOptions,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<TrafficSummary> {
  signal.throwIfAborted();
  const program = join(home, 'build/test/robustness/traffic/main.js');
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', progress);
  const end = () => void child.kill('SIGINT');
  signal.addEventListener('abort', end);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => signal.removeEventListener('abort', end));
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`the process of the traffic ended with ${code ?? 'a signal'}`);
  return JSON.parse(await readFile(join(options.folder, summaryFile), 'utf8')) as TrafficSummary;
}
