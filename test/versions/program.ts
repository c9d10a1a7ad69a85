import { closeSync, openSync, readFileSync } from 'node:fs';
import { ProcessGroup } from '#src/testing/process/group.js';
import { guard } from '#src/testing/process/guard.js';

export interface ProgramRun {
  /** Arguments of Node: the program and its own. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Receives stdout and stderr. */
  readonly outputFile: string;
  /** After this time the program is stopped. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

export interface ProgramEnd {
  /** Undefined if a signal ended it. */
  readonly code: number | undefined;
  readonly timedOut: boolean;
  readonly output: string;
  readonly durationMs: number;
}

/** A campaign heals its faults and ends its processes before it exits. */
const stopMs = 30_000;

/**
 * Runs a program to its end, in a process group of its own. Stops it, and everything that it started, if the signal
 * aborts, if it exceeds its time, or if this process dies.
 */
export async function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  const startedAt = performance.now();
  const file = openSync(run.outputFile, 'w');
  const group = new ProcessGroup(process.execPath, run.args, {
    stdio: ['ignore', file, file],
    env: { ...process.env, ...run.env },
  });
  closeSync(file);
  group.leader.ref();
  const guarding = guard('kill -TERM -- "-$1" 2>/dev/null', [String(group.id)]);
  const limit = AbortSignal.timeout(run.limitMs);
  const stop = () => void group.stop(stopMs);
  const either = AbortSignal.any([run.signal, limit]);
  either.addEventListener('abort', stop);
  if (either.aborted) stop();
  await group.ended;
  either.removeEventListener('abort', stop);
  guarding.release();
  return {
    code: group.leader.exitCode ?? undefined,
    timedOut: limit.aborted && !run.signal.aborted,
    output: readFileSync(run.outputFile, 'utf8'),
    durationMs: performance.now() - startedAt,
  };
}
