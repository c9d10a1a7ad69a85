// npm run soak: a long run of one process under load and faults, and whether anything grows or is left.
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findCached } from '#src/testing/binary/cache.js';
import { Resources } from '../chaos/resources.js';
import { campaignMain } from '../support/campaign-main.js';
import { failures, inconclusiveReasons, type RunResult, undecidedSlopes } from './report/outcome.js';
import { progressLine, summary } from './report/print.js';
import { record } from './report/record.js';
import { judgeSlopes } from './report/slopes.js';
import { drawSamples } from './report/svg.js';
import { Run } from './run.js';
import { SampleLog } from './samples.js';
import { help, parseSettings, type Settings } from './settings.js';
import { emptyCounts } from './worker/load.js';

/** A release without the known leaks of older ones. */
const preferredVersion = '3.6.16';
const picture = join('docs', 'images', 'soak.svg');

async function soak(settings: Settings, signal: AbortSignal): Promise<number> {
  if (process.platform !== 'linux') {
    console.log('skipped: the soak needs Linux');
    return 2;
  }
  const folder = settings.out ?? (await mkdtemp(join(tmpdir(), 'etcd-naming-soak-')));
  await using resources = new Resources();
  const log = new SampleLog(folder);
  resources.defer(() => log.close());
  const run = await Run.start(settings, await chooseVersion(settings), log, resources, signal);
  console.log(`etcd ${run.version}, seed ${settings.seed}, ${settings.hours} h; samples in ${folder}`);
  await run.complete(() => console.log(progressLine(run)));
  signal.throwIfAborted();
  return report(settings, run, log);
}

/** Another release is only the default, so its absence is not an error. */
async function chooseVersion({ etcd }: Settings): Promise<string | undefined> {
  return etcd ?? (await findCached(preferredVersion))?.version;
}

async function report(settings: Settings, run: Run, log: SampleLog): Promise<number> {
  const { hours, callsPerSecond, eventsPerSecond } = settings;
  const result: RunResult = {
    hours,
    callsPerSecond,
    eventsPerSecond,
    counts: run.last?.counts ?? emptyCounts(),
    faults: run.faults,
    slopes: judgeSlopes(log.series, hours),
    problems: run.problems,
  };
  console.log(`\n${summary(result)}\n`);
  for (const text of run.faultFailures) console.log(`a fault could not be injected: ${text}`);
  const code = conclude(result);
  await save(settings, result, run, log, code === 0);
  return code;
}

function conclude(result: RunResult): number {
  const wrong = failures(result);
  for (const text of wrong) console.log(`FAILED: ${text}`);
  const reasons = inconclusiveReasons(result);
  for (const text of reasons) console.log(`inconclusive: ${text}`);
  if (wrong.length > 0) return 1;
  if (reasons.length > 0) return 2;
  const undecided = undecidedSlopes(result);
  console.log(
    undecided.length === 0
      ? 'nothing grew, nothing was left, and nothing was missed'
      : `nothing was left, and nothing was missed; undecided at this length: ${undecided.join(', ')}`,
  );
  return 0;
}

async function save(
  settings: Settings,
  result: RunResult,
  run: Run,
  log: SampleLog,
  passed: boolean,
): Promise<void> {
  const svg = settings.svg ?? (settings.record ? picture : undefined);
  if (svg !== undefined) {
    await mkdir(dirname(svg), { recursive: true });
    const title = `npm run soak -- --hours ${settings.hours}: etcd ${run.version}, ${run.faultMarks.length} faults`;
    await writeFile(svg, drawSamples(log.series, run.faultMarks, title));
    console.log(`drawn: ${svg}`);
  }
  if (!settings.record) return;
  const path = await record(settings, result, { etcd: run.version, passed, samples: log.count });
  console.log(`recorded: ${path}`);
}

process.exitCode = await campaignMain({
  ...{ help, parse: parseSettings, run: soak, interrupted: 'interrupted; only the samples are left' },
});
