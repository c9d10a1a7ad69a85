import { parseArgs } from 'node:util';
import type { Played } from './play.js';
import { shrink } from './shrink.js';
import { combine } from './trace.js';

/** A simulation as a command runs it. */
export interface Campaign<P extends { readonly actions: readonly unknown[] }> {
  /** As npm knows it, e.g. `sim:lease`. */
  readonly command: string;
  /** What the table of meetings is about, and what never met anything. */
  readonly tableTitle: string;
  readonly emptyTitle: string;
  readonly coverage: {
    add(hits: Readonly<Record<string, number>>): void;
    readonly empty: readonly string[];
    table(): string;
  };
  readonly schedule: (seed: number) => P;
  readonly run: (plan: P, keep?: boolean) => Played;
  /** In so many schedules everything that can meet has met; a shorter run only reports what it lacks. */
  readonly enough: number;
}

interface Failed {
  readonly seed: number;
  readonly rule: string;
  readonly text: string;
}

const help = (command: string) => `npm run ${command} -- [options]

  --schedules N   how many schedules to run (default 10000)
  --seed S        the first seed; each schedule has the next one (default 1)
  --replay S      run seed S alone and print its trace
  --json          stop at the first violation, in one line of JSON and without an explanation
  --quiet         no table`;

/** Gives the exit code. */
export function command<P extends { readonly actions: readonly unknown[] }>(campaign: Campaign<P>): number {
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
    console.log(help(campaign.command));
    return 0;
  }
  if (values.replay !== undefined) return replay(campaign, Number(values.replay));
  const { coverage, run, schedule } = campaign;
  const counts: Record<string, number> = {};
  const hashes: string[] = [];
  let steps = 0;
  let failed: Failed | undefined;
  const begun = performance.now();
  const first = Number(values.seed);
  for (let seed = first; seed < first + Number(values.schedules) && !failed; seed++) {
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
    explain(campaign, failed);
    return 1;
  }
  if (coverage.empty.length > 0) {
    console.log(`${campaign.emptyTitle}: ${coverage.empty.join('; ')}`);
    if (ran >= campaign.enough) return 1;
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

/** The shortest history that breaks the same rule. */
function explain<P extends { readonly actions: readonly unknown[] }>(
  { run, schedule }: Campaign<P>,
  { seed, rule, text }: Failed,
): void {
  console.log(`VIOLATION of '${rule}' with seed ${seed}: ${text}`);
  const plan = schedule(seed);
  const { plan: short, result, tries } = shrink(plan, rule, run, 400);
  console.log(`\nshortest of ${tries} tries: ${short.actions.length} of ${plan.actions.length} actions`);
  for (const line of result.lines) console.log(line);
  if (result.violation) console.log(`VIOLATION of '${result.violation.rule}': ${result.violation.text}`);
}
