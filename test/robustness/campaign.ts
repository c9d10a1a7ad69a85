import { type CampaignResult, exitCodeOf, isCaught } from './campaign-result.js';
import { buildJudge } from './judge.js';
import { mutantNames } from './mutants/catalogue.js';
import { recordCampaign } from './record.js';
import { chooseReleases } from './releases.js';
import { formatMutant, formatRun } from './report.js';
import { type MutantOutcome, type RunContext, type RunOutcome, runMutant, runOnce } from './runs.js';
import { selfCheck } from './self-check/index.js';
import { formatSelfCheck } from './self-check/report.js';
import type { Settings } from './settings.js';

/**
 * Runs what the settings ask for, prints it, and returns the exit code. What the runs before an interruption or a failure
 * have found is printed and recorded too.
 * @throws {GoMissingError} without Go.
 */
export async function runCampaign(settings: Settings, signal: AbortSignal): Promise<number> {
  const releases = await chooseReleases(settings.releases);
  console.log('building the validators, which takes minutes the first time');
  const judgeProgram = await buildJudge();
  if (settings.selfCheck) return checkJudge(judgeProgram, releases, signal);
  const context: RunContext = {
    judgeProgram,
    keep: settings.keep,
    signal,
    progress: (line) => console.log(`  ${line}`),
  };
  const result: Found = { runs: [], mutants: [], failures: [] };
  const save = async (isComplete: boolean) => {
    if (settings.record) await recordCampaign(result, commandOf(settings), isComplete);
  };
  try {
    await runAll(settings, releases, context, result, save);
    await runMutants(settings, releases, context, result, save);
  } finally {
    console.log(`\n${conclude(result)}`);
  }
  await save(true);
  return exitCodeOf(result);
}

interface Found extends CampaignResult {
  readonly runs: RunOutcome[];
  readonly mutants: MutantOutcome[];
  readonly failures: string[];
}

/** Performs a run. One that fails does not end the campaign: the next may succeed. */
async function attempt(
  what: string,
  { failures }: Found,
  { signal }: RunContext,
  run: () => Promise<string>,
): Promise<void> {
  console.log(`\n${what}`);
  try {
    console.log(await run());
  } catch (error) {
    signal.throwIfAborted();
    failures.push(`${what}: ${error instanceof Error ? error.message : error}`);
    console.error('the run failed:', error);
  }
}

/** The exit code of `--self-check`. */
async function checkJudge(
  program: string,
  releases: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  let passed = true;
  for (const version of releases) {
    console.log(`\nthe judge, with histories of etcd ${version}`);
    const results = await selfCheck(program, { version, signal });
    console.log(formatSelfCheck(results));
    passed &&= results.every((result) => result.passed);
  }
  console.log(
    passed ? '\nthe judge found what it must find' : '\nthe judge is WRONG: its verdicts prove nothing',
  );
  return passed ? 0 : 1;
}

async function runAll(
  { runs: count, seconds, seed: first }: Settings,
  releases: readonly string[],
  context: RunContext,
  result: Found,
  save: (isComplete: boolean) => Promise<void>,
): Promise<void> {
  const total = count * releases.length;
  for (let i = 0; i < total; i++) {
    const version = releases[i % releases.length] ?? '';
    const seed = first + i;
    const what = `run ${i + 1} of ${total}: etcd ${version}, seed ${seed}, ${seconds} s`;
    await attempt(what, result, context, async () => {
      const outcome = await runOnce({ version, seed, seconds }, context);
      result.runs.push(outcome);
      return formatRun(outcome);
    });
    await save(false);
  }
}

/** Long enough for a dozen faults. */
const mutantSeconds = 15;

async function runMutants(
  { mutants: names, seed }: Settings,
  releases: readonly string[],
  context: RunContext,
  result: Found,
  save: (isComplete: boolean) => Promise<void>,
): Promise<void> {
  for (const version of releases)
    for (const mutant of names) {
      const what = `broken client '${mutant}': etcd ${version}, seed ${seed}, ${mutantSeconds} s`;
      await attempt(what, result, context, async () => {
        const outcome = await runMutant(mutant, { version, seed, seconds: mutantSeconds }, context);
        result.mutants.push(outcome);
        return formatMutant(outcome);
      });
      await save(false);
    }
}

function conclude(result: CampaignResult): string {
  const { runs, mutants, failures } = result;
  const valid = runs.filter(({ judgement }) => judgement.verdict === 'valid').length;
  const caught = mutants.filter(isCaught).length;
  return [
    ...(runs.length > 0 ? [`${valid} of ${runs.length} runs are valid`] : []),
    ...(mutants.length > 0 ? [`${caught} of ${mutants.length} broken clients were caught as expected`] : []),
    ...(caught < mutants.length
      ? ['the campaign is VOID: its validators do not find what they must find']
      : []),
    ...failures.map((text) => `FAILED ${text}`),
    ...(exitCodeOf(result) === 2 ? ['but a run was vacuous'] : []),
  ].join('\n');
}

function commandOf({ seconds, runs, releases, mutants }: Settings): string {
  const options = [
    `--seconds ${seconds}`,
    ...(runs > 0 ? [`--runs ${runs}`] : []),
    ...releases.map((version) => `--etcd ${version}`),
    ...(mutants.length === mutantNames.length ? ['--mutants'] : mutants.map((name) => `--mutant ${name}`)),
  ];
  return `npm run robustness -- ${options.join(' ')}`;
}
