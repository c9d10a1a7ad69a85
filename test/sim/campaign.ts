import { parseArgs } from 'node:util';
import { integerOption } from './integer-option.js';
import type { SimulationResult } from './run-schedule.js';
import { shrink } from './shrink.js';
import { combine } from './trace.js';

/** A simulation that runs as a command. */
export interface Campaign<P extends { readonly actions: readonly unknown[] }> {
  /** The npm script, e.g. `sim:lease`. */
  readonly script: string;
  /** Titles of the coverage table and of the list of uncovered cells. */
  readonly tableTitle: string;
  readonly emptyTitle: string;
  readonly coverage: {
    add(hits: Readonly<Record<string, number>>): void;
    readonly uncovered: readonly string[];
    table(): string;
  };
  readonly schedule: (seed: number) => P;
  readonly run: (plan: P, keep?: boolean) => SimulationResult;
  /** After this many schedules every cell must be covered; a shorter run only reports the uncovered ones. */
  readonly fullCoverageAfter: number;
}

interface Failure {
  readonly seed: number;
  readonly rule: string;
  readonly text: string;
}

const help = (script: string) => `npm run ${script} -- [options]

  --schedules N   how many schedules to run (default 10000)
  --seed S        the first seed; each schedule has the next one (default 1)
  --replay S      run seed S alone and print its trace
  --json          stop at the first violation, in one line of JSON without a shrunk schedule
  --quiet         no table`;

/** Runs the command; returns the exit code. */
export function runCampaign<P extends { readonly actions: readonly unknown[] }>(
  campaign: Campaign<P>,
): number {
  const { values } = parseArgs({
    options: {
      schedules: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      replay: { type: 'string' },
      json: { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help(campaign.script));
    return 0;
  }
  if (values.replay !== undefined) return replay(campaign, integerOption('--replay', values.replay, 0));
  const { coverage, run, schedule } = campaign;
  const counts: Record<string, number> = {};
  const hashes: string[] = [];
  let steps = 0;
  let failed: Failure | undefined;
  const begun = performance.now();
  const first = integerOption('--seed', values.seed, 0);
  const end = first + integerOption('--schedules', values.schedules, 1);
  for (let seed = first; seed < end && !failed; seed++) {
    const result = run(schedule(seed));
    hashes.push(result.hash);
    coverage.add(result.hits);
    steps += result.steps;
    for (const [name, value] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + value;
    if (result.violation) failed = { seed, ...result.violation };
  }
  const ran = hashes.length;
  if (values.json) {
    console.log(JSON.stringify({ ran, hash: combine(hashes), failed }));
    return failed ? 1 : 0;
  }
  const seconds = (performance.now() - begun) / 1_000;
  if (!values.quiet) console.log(`${campaign.tableTitle}:\n${coverage.table()}\n`);
  console.log(
    Object.entries(counts)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  );
  console.log(
    `${ran} schedules in ${seconds.toFixed(1)} s: ${Math.round(ran / seconds)} per second, ${steps} steps`,
  );
  console.log(`trace hash ${combine(hashes)}`);
  if (failed) {
    printShrunk(campaign, failed);
    return 1;
  }
  if (coverage.uncovered.length > 0) {
    console.log(`${campaign.emptyTitle}: ${coverage.uncovered.join('; ')}`);
    if (ran >= campaign.fullCoverageAfter) return 1;
  }
  console.log('no violation');
  return 0;
}

function replay<P extends { readonly actions: readonly unknown[] }>(
  { run, schedule }: Campaign<P>,
  seed: number,
): number {
  const { lines, hash, violation } = run(schedule(seed), true);
  for (const line of lines) console.log(line);
  console.log(`\nseed ${seed}, trace hash ${hash}`);
  if (!violation) return 0;
  console.log(`VIOLATION of '${violation.rule}' with seed ${seed}: ${violation.text}`);
  return 1;
}

/** Prints the shortest schedule found that breaks the same rule. */
function printShrunk<P extends { readonly actions: readonly unknown[] }>(
  { run, schedule }: Campaign<P>,
  { seed, rule, text }: Failure,
): void {
  console.log(`VIOLATION of '${rule}' with seed ${seed}: ${text}`);
  const plan = schedule(seed);
  const { plan: short, result, tries } = shrink(plan, rule, run, 400);
  console.log(
    `\nshortest after ${tries} attempts: ${short.actions.length} of ${plan.actions.length} actions`,
  );
  for (const line of result.lines) console.log(line);
  if (result.violation) console.log(`VIOLATION of '${result.violation.rule}': ${result.violation.text}`);
}
