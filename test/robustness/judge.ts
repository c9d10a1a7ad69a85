import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildGo } from '../interop/support/go-build.js';

/** A guarantee of a watch that the validators know, as etcd's documentation of its API names it. */
export type WatchGuarantee =
  | 'filter'
  | 'ordered'
  | 'unique'
  | 'atomic'
  | 'bookmarkable'
  | 'resumable'
  | 'is-create'
  | 'reliable'
  | 'prev-kv';

/** A validator that refuses a history. Of the watch validators, the first one that does; the others do not run then. */
export type Violation = 'linearization' | 'serializable' | WatchGuarantee;

export interface JudgedCounts {
  readonly clients: number;
  readonly operations: number;
  /** Writes of unknown outcome. */
  readonly unknown: number;
  readonly failedReads: number;
  /** Reads at a revision, which the validators compare with the store as of then. */
  readonly staleReads: number;
  /** Requests that the members' WALs agree on. */
  readonly persisted: number;
  readonly revisions: number;
  readonly watches: number;
  readonly filteredWatches: number;
  readonly watchEvents: number;
  /** Progress notifications, and the checkpoints of batches. */
  readonly bookmarks: number;
  readonly unreadableWals: number;
  /** Entries of etcd's v2 API in the WALs, which change nothing. */
  readonly v2Entries: number;
}

export type Judgement = { readonly counts?: JudgedCounts } & (
  | { readonly verdict: 'valid' }
  | { readonly verdict: 'invalid'; readonly violations: readonly Violation[]; readonly log: string }
  | { readonly verdict: 'not-judged'; readonly reason: string; readonly log: string }
);

export interface JudgeOptions {
  /** For the check of linearizability, in seconds. Default 300, as in etcd's own tests. */
  readonly timeoutSeconds?: number;
  /** A file for the picture of a history that is not linearizable (HTML). */
  readonly picture?: string;
  readonly signal?: AbortSignal;
}

/**
 * Builds the program with etcd's validators into the cache, which takes minutes once, and returns its path. The
 * validators of 3.7 judge every release: they read the WALs of all of them.
 * @throws {GoMissingError} without a Go toolchain that is new enough, or without the modules.
 */
export function buildJudge(): Promise<string> {
  return buildGo('robustness-judge', join(import.meta.dirname, '../../../test/robustness/go'));
}

/**
 * Judges the folder of a run: the histories of the clients (`client-N`, from `History.save`) and copies of the data
 * folders of all members that have stopped (`server-NAME`), in which a torn WAL is repaired.
 */
export async function judge(program: string, folder: string, options: JudgeOptions = {}): Promise<Judgement> {
  const { timeoutSeconds = 300, picture, signal } = options;
  const args = ['-timeout', `${timeoutSeconds}s`, ...(picture === undefined ? [] : ['-visualize', picture])];
  const { code, output, log } = await execute(program, [...args, folder], signal);
  return toJudgement(code, output, log);
}

/** Exported for its test. */
export function toJudgement(code: number | null, output: string, log: string): Judgement {
  if (code !== 0 && code !== 1 && code !== 2)
    return { verdict: 'not-judged', reason: `the program ended with ${code ?? 'a signal'}`, log };
  const report = JSON.parse(output) as Report;
  const { counts } = report;
  const violations = violationsOf(report);
  if (code === 0 && violations.length === 0) return { verdict: 'valid', counts };
  if (code === 1 && violations.length > 0) return { verdict: 'invalid', violations, counts, log };
  return { verdict: 'not-judged', reason: reasonOf(report), counts, log };
}

/** What the program prints. */
interface Report {
  readonly assumptions: Result;
  readonly linearization: Result;
  readonly watch: Result & { readonly broke?: WatchGuarantee };
  readonly serializable: Result;
  readonly counts: JudgedCounts;
  readonly error?: string;
}

interface Result {
  readonly status: '' | 'Success' | 'Failure' | 'Timeout' | 'DeadlineExceeded';
  readonly message?: string;
}

function violationsOf({ linearization, watch, serializable }: Report): Violation[] {
  const violations: Violation[] = [];
  if (linearization.status === 'Failure') violations.push('linearization');
  if (watch.status === 'Failure' && watch.broke) violations.push(watch.broke);
  if (serializable.status === 'Failure') violations.push('serializable');
  return violations;
}

function reasonOf({ error, assumptions, linearization, watch, serializable }: Report): string {
  if (error !== undefined) return error;
  const results = Object.entries({ assumptions, linearization, watch, serializable });
  const refusal = results.find(([, { status }]) => status !== 'Success');
  if (!refusal) return 'the exit code does not fit the report';
  const [name, { status, message }] = refusal;
  return `${name}: ${message ?? (status || 'did not run')}`;
}

async function execute(program: string, args: readonly string[], signal: AbortSignal | undefined) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(signal ? { signal } : {}) });
  let output = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-MAX_LOG);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output, log };
}

/** A validator may describe every event of a watch. */
const MAX_LOG = 64 << 10;
