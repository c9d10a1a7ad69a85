// npm run robustness: etcd's own validators judge what the clients of this library observe while etcd is broken.
import { GoMissingError } from '../interop/support/go-build.js';
import { type CampaignResult, exitCodeOf, isCaught } from './campaign-result.js';
import { buildJudge } from './judge.js';
import { recordCampaign } from './record.js';
import { chooseReleases } from './releases.js';
import { formatMutant, formatRun } from './report.js';
import { type MutantOutcome, type RunContext, type RunOutcome, runMutant, runOnce } from './runs.js';
import { selfCheck } from './self-check/index.js';
import { formatSelfCheck } from './self-check/report.js';
import { help, parseSettings, type Settings } from './settings.js';

class Interrupted extends Error {}

async function main(): Promise<number> {
  const settings = readSettings();
  if (!settings) return 2;
  if (settings.help) {
    console.log(help);
    return 0;
  }
  const abort = new AbortController();
  const interrupt = () => abort.abort(new Interrupted());
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await campaign(settings, abort.signal);
  } catch (error) {
    if (abort.signal.aborted) {
      console.log('interrupted; no process is left');
      return 130;
    }
    if (error instanceof GoMissingError) {
      console.log(`skipped: ${error.message}; the validators are written in Go`);
      return 2;
    }
    console.error('the campaign itself failed:', error);
    return 3;
  }
}

function readSettings(): Settings | undefined {
  try {
    return parseSettings(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    return undefined;
  }
}

async function campaign(settings: Settings, signal: AbortSignal): Promise<number> {
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
  const runs: RunOutcome[] = [];
  const mutants: MutantOutcome[] = [];
  const result: CampaignResult = { runs, mutants };
  const save = async (isComplete: boolean) => {
    if (settings.record) await recordCampaign(result, commandOf(settings), isComplete);
  };
  try {
    await runAll(settings, releases, context, runs, save);
    await runMutants(settings, releases, context, mutants, save);
  } finally {
    console.log(`\n${conclude(result)}`);
  }
  await save(true);
  return exitCodeOf(result);
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
  runs: RunOutcome[],
  save: (isComplete: boolean) => Promise<void>,
): Promise<void> {
  const total = count * releases.length;
  for (let i = 0; i < total; i++) {
    const version = releases[i % releases.length] ?? '';
    const seed = first + i;
    console.log(`\nrun ${i + 1} of ${total}: etcd ${version}, seed ${seed}, ${seconds} s`);
    const outcome = await runOnce({ version, seed, seconds }, context);
    runs.push(outcome);
    console.log(formatRun(outcome));
    await save(false);
  }
}

/** Long enough for a dozen faults. */
const mutantSeconds = 15;

async function runMutants(
  { mutants: names, seed }: Settings,
  releases: readonly string[],
  context: RunContext,
  mutants: MutantOutcome[],
  save: (isComplete: boolean) => Promise<void>,
): Promise<void> {
  for (const version of releases)
    for (const mutant of names) {
      console.log(`\nbroken client '${mutant}': etcd ${version}, seed ${seed}, ${mutantSeconds} s`);
      const outcome = await runMutant(mutant, { version, seed, seconds: mutantSeconds }, context);
      mutants.push(outcome);
      console.log(formatMutant(outcome));
      await save(false);
    }
}

function conclude(result: CampaignResult): string {
  const { runs, mutants } = result;
  const valid = runs.filter(({ judgement }) => judgement.verdict === 'valid').length;
  const caught = mutants.filter(isCaught).length;
  return [
    ...(runs.length > 0 ? [`${valid} of ${runs.length} runs are valid`] : []),
    ...(mutants.length > 0 ? [`${caught} of ${mutants.length} broken clients were caught as expected`] : []),
    ...(caught < mutants.length
      ? ['the campaign is VOID: its validators do not find what they must find']
      : []),
    ...(exitCodeOf(result) === 2 ? ['but a run was vacuous'] : []),
  ].join('\n');
}

function commandOf({ seconds, runs, releases, mutants }: Settings): string {
  const options = [
    `--seconds ${seconds}`,
    ...(runs > 0 ? [`--runs ${runs}`] : []),
    ...releases.map((version) => `--etcd ${version}`),
    ...(mutants.length > 0 ? ['--mutants'] : []),
  ];
  return `npm run robustness -- ${options.join(' ')}`;
}

process.exitCode = await main();
