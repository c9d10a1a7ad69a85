import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { integerOption } from '../integer-option.js';
import { shrink } from '../shrink.js';
import { combine } from '../trace.js';
import { Coverage } from './coverage.js';
import { profiles } from './profile.js';
import { type RunResult, run, runSeed } from './run.js';
import { schedule } from './schedule.js';

const help = `npm run sim -- [options]

  --schedules N   how many schedules to run (default 10000)
  --seed S        the first seed; each schedule has the next one (default 1)
  --profile P     one of ${profiles.map(({ name }) => name).join(', ')} (default: chosen by seed)
  --workers W     threads (default: one per core)
  --replay S      run seed S alone and print its trace
  --json          stop at the first violation, in one line of JSON without a shrunk schedule
  --quiet         no table`;

interface SeedRange {
  readonly from: number;
  readonly count: number;
  readonly profile: string | undefined;
}

/** The outcome of a range of seeds; `failed` is the first seed that broke a rule, which ended the range. */
interface Outcome {
  readonly from: number;
  readonly ran: number;
  readonly hash: string;
  readonly hits: Record<string, number>;
  readonly counts: Record<string, number>;
  readonly steps: number;
  readonly failed: { readonly seed: number; readonly rule: string; readonly text: string } | undefined;
}

function runRange({ from, count, profile }: SeedRange): Outcome {
  const chosen = profiles.find(({ name }) => name === profile);
  const coverage = new Coverage();
  const counts: Record<string, number> = {};
  const hashes: string[] = [];
  let steps = 0;
  let failed: Outcome['failed'];
  for (let seed = from; seed < from + count && !failed; seed++) {
    const result = runSeed(seed, { profile: chosen });
    hashes.push(result.hash);
    coverage.add(result.hits);
    steps += result.steps;
    for (const [name, value] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + value;
    if (result.violation) failed = { seed, ...result.violation };
  }
  return { from, ran: hashes.length, hash: combine(hashes), hits: coverage.hits, counts, steps, failed };
}

/** After this many schedules every cell must be covered; a shorter run only reports the uncovered ones. */
const fullCoverageAfter = 10_000;

/** Small, and independent of the number of threads, on which the combined hash must not depend. */
const rangeSize = 250;

async function campaign(
  schedules: number,
  seed: number,
  profile: string | undefined,
  workers: number,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = seed;
  const end = seed + schedules;
  let failed = false;
  const runWorker = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const assignRange = () => {
        if (next >= end || failed) {
          void worker.terminate();
          resolve();
          return;
        }
        const count = Math.min(rangeSize, end - next);
        worker.postMessage({ from: next, count, profile } satisfies SeedRange);
        next += count;
      };
      worker.on('message', (outcome: Outcome) => {
        outcomes.push(outcome);
        failed ||= outcome.failed !== undefined;
        assignRange();
      });
      worker.on('error', reject);
      assignRange();
    });
  const threads = Array.from(
    { length: workers },
    () => new Worker(fileURLToPath(import.meta.url), { workerData: 'sim' }),
  );
  await Promise.all(threads.map(runWorker));
  return outcomes.sort((a, b) => a.from - b.from);
}

function replay(seed: number, profileName: string | undefined): number {
  const result = runSeed(seed, { profile: profiles.find(({ name }) => name === profileName), keep: true });
  for (const line of result.lines) console.log(line);
  console.log(`\nseed ${seed}, members ${result.profile}, trace hash ${result.hash}`);
  return report(seed, result);
}

function report(seed: number, { violation }: RunResult): number {
  if (!violation) return 0;
  console.log(`VIOLATION of '${violation.rule}' with seed ${seed}: ${violation.text}`);
  return 1;
}

/** Prints the shortest schedule found that breaks the same rule. */
function printShrunk(seed: number, rule: string, profileName: string | undefined): void {
  const profile = profiles.find(({ name }) => name === profileName);
  const plan = schedule(seed);
  const { plan: short, result, tries } = shrink(plan, rule, (tried, keep) => run(tried, { profile, keep }));
  console.log(
    `\nshortest after ${tries} attempts: ${short.actions.length} of ${plan.actions.length} actions (members ${result.profile})`,
  );
  for (const line of result.lines) console.log(line);
  if (result.violation) console.log(`VIOLATION of '${result.violation.rule}': ${result.violation.text}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      schedules: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      profile: { type: 'string' },
      workers: { type: 'string', default: String(availableParallelism()) },
      replay: { type: 'string' },
      quiet: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (values.profile !== undefined && !profiles.some(({ name }) => name === values.profile)) {
    console.error(`unknown profile '${values.profile}'\n\n${help}`);
    return 2;
  }
  if (values.replay !== undefined) return replay(integerOption('--replay', values.replay, 0), values.profile);
  const from = integerOption('--seed', values.seed, 0);
  const count = integerOption('--schedules', values.schedules, 1);
  if (values.json) {
    const { ran, hash, failed } = runRange({ from, count, profile: values.profile });
    console.log(JSON.stringify({ ran, hash, failed }));
    return failed ? 1 : 0;
  }
  const begun = performance.now();
  const workers = integerOption('--workers', values.workers, 1);
  const outcomes = await campaign(count, from, values.profile, workers);
  return summary(outcomes, (performance.now() - begun) / 1_000, values.profile, values.quiet);
}

function summary(
  outcomes: readonly Outcome[],
  seconds: number,
  profile: string | undefined,
  quiet: boolean,
): number {
  const coverage = new Coverage();
  const counts: Record<string, number> = {};
  let ran = 0;
  let steps = 0;
  for (const outcome of outcomes) {
    ran += outcome.ran;
    steps += outcome.steps;
    coverage.add(outcome.hits);
    for (const [name, value] of Object.entries(outcome.counts)) counts[name] = (counts[name] ?? 0) + value;
  }
  const failed = outcomes.find((outcome) => outcome.failed)?.failed;
  if (!quiet) console.log(`watchers hit by each fault, by phase:\n${coverage.table()}\n`);
  console.log(
    Object.entries(counts)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  );
  console.log(
    `${ran} schedules in ${seconds.toFixed(1)} s: ${Math.round(ran / seconds)} per second, ${steps} steps`,
  );
  console.log(`trace hash ${combine(outcomes.map(({ hash }) => hash))}`);
  if (failed) {
    console.log(`VIOLATION of '${failed.rule}' with seed ${failed.seed}: ${failed.text}`);
    printShrunk(failed.seed, failed.rule, profile);
    return 1;
  }
  const { uncovered } = coverage;
  if (uncovered.length > 0 && profile === undefined) {
    console.log(`never hit: ${uncovered.join('; ')}`);
    if (ran >= fullCoverageAfter) return 1;
  }
  console.log('no violation');
  return 0;
}

if (isMainThread) {
  process.exitCode = await main();
} else if (workerData === 'sim') {
  parentPort?.on('message', (share: SeedRange) => parentPort?.postMessage(runRange(share)));
}
