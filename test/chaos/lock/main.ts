import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { recordProof, typedCommand } from '../../support/proof.js';
import { checkLocks } from './check/index.js';
import { type SavedLockHistory, toLockHistory } from './history.js';
import {
  formatCases,
  formatFaults,
  formatTraffic,
  formatViolationCounts,
  formatViolations,
  inconclusiveReasons,
  toProof,
} from './report.js';
import { type LockRunOptions, runLocks } from './run.js';

const maxShown = 5;

/** Runs locks and elections, checks the history and prints the result. Returns the exit code of the command. */
export async function testLocks(
  options: LockRunOptions & { readonly keepHistory: boolean; readonly record: boolean },
): Promise<number> {
  const { seconds, seed, workloads, progress } = options;
  progress(`seed ${seed}, ${seconds} s, ${workloads.join(' and ')}`);
  const { version, history } = await runLocks(options);
  progress(`\netcd ${version}`);
  const code = checkLockHistory(history, options);
  if (options.record) await record(history, version, code);
  return code;
}

function record(saved: SavedLockHistory, version: string, code: number): Promise<string> {
  const history = toLockHistory(saved);
  return recordProof('chaos-locks', {
    command: typedCommand('chaos'),
    passed: code === 0,
    etcd: [version],
    ...toProof(checkLocks(history), history),
  });
}

/** Checks a history that was saved. */
export function checkSavedLocks(file: string): number {
  return checkLockHistory(deserialize(readFileSync(file)) as SavedLockHistory, undefined);
}

function checkLockHistory(
  saved: SavedLockHistory,
  options: { readonly seed: number; readonly keepHistory: boolean } | undefined,
): number {
  const history = toLockHistory(saved);
  const found = checkLocks(history);
  const isWrong = found.violations.some(({ system }) => system === 'ours');
  const parts = [formatFaults(history), formatTraffic(history), formatCases(found, history)];
  console.log([...parts, formatViolationCounts(found, history), ''].join('\n\n'));
  for (const system of ['go', 'etcd3'] as const) {
    const text = formatViolations(found, system, 2);
    if (text) console.log(text);
  }
  if (options && (isWrong || options.keepHistory)) {
    const path = join(mkdtempSync(join(tmpdir(), 'etcd-naming-chaos-')), `locks-${options.seed}`);
    writeFileSync(path, serialize(saved));
    console.log(`history: ${path}`);
  }
  if (isWrong) {
    console.log(formatViolations(found, 'ours', maxShown));
    return 1;
  }
  console.log('no violation');
  const reasons = inconclusiveReasons(found, history);
  if (reasons.length === 0) return 0;
  console.log(`but the run is inconclusive: ${reasons.join('; ')}`);
  return 2;
}
