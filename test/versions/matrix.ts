import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalRelease, MinorVersion } from '../support/releases.js';
import type { CellPlan, VersionCampaign } from './campaigns.js';
import type { ProgramEnd, ProgramRun } from './program.js';
import type { SavedCells } from './saved-cells.js';
import { type Judgement, judge } from './verdict.js';

export interface Release extends LocalRelease {
  readonly minor: MinorVersion;
}

export interface MatrixPlan {
  readonly releases: readonly Release[];
  readonly campaigns: readonly VersionCampaign[];
  readonly seconds: number;
  readonly seed: number;
  /** The folder for the output of each campaign. */
  readonly output: string;
  /** Gets each cell when it has ended; those that it has already, and are right, are not run. */
  readonly saved: SavedCells;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** Runs a campaign. */
  readonly run: (run: ProgramRun) => Promise<ProgramEnd>;
}

/** A campaign on a release. */
export interface Cell extends Judgement {
  readonly version: string;
  readonly campaign: string;
  /** As a user types it, with `ETCD_BIN`. */
  readonly command: string;
  /** Whether an inconclusive run was repeated. */
  readonly repeated: boolean;
  readonly durationMs: number;
}

/** Far above what a busy machine needs: for a campaign that hangs. */
const limitMs = (seconds: number) => 900_000 + seconds * 5_000;
/** Between the seeds of two runs of one cell. */
const SEED_STEP = 1_000;

/** Runs every campaign on every release, one after the other. Throws the signal's reason if it aborts. */
export async function runMatrix(plan: MatrixPlan): Promise<Cell[]> {
  mkdirSync(plan.output, { recursive: true });
  const cells: Cell[] = [];
  for (const release of plan.releases)
    for (const [i, campaign] of plan.campaigns.entries()) {
      const known = plan.saved.right(release.version, campaign.name);
      const cell = known ?? (await runCell(plan, release, campaign, plan.seed + i));
      plan.signal.throwIfAborted();
      plan.progress(`${known ? 'before: ' : ''}${describe(cell)}`);
      plan.saved.save(cell);
      cells.push(cell);
    }
  return cells;
}

async function runCell(
  plan: MatrixPlan,
  release: Release,
  campaign: VersionCampaign,
  seed: number,
): Promise<Cell> {
  const first = await runOnce(plan, release, campaign, seed);
  if (first.verdict !== 'inconclusive' || !campaign.isSeeded || plan.signal.aborted) return first;
  plan.progress(`${describe(first)}; again with seed ${seed + SEED_STEP}`);
  return { ...(await runOnce(plan, release, campaign, seed + SEED_STEP)), repeated: true };
}

async function runOnce(
  { seconds, output, signal, progress, run }: MatrixPlan,
  { version, etcd }: Release,
  campaign: VersionCampaign,
  seed: number,
): Promise<Cell> {
  const args = campaign.args({ seconds, seed, version } satisfies CellPlan);
  const command = `npm run ${campaign.script} -- ${args.map(quoted).join(' ')}`;
  const outputFile = join(output, `${version}-${campaign.name}-${seed}.txt`);
  progress(`etcd ${version}: ${command}`);
  const end = await run({
    args: [programOf(campaign.script), ...args],
    env: { ETCD_BIN: etcd, ETCD_TEST_SOURCE: 'binary' },
    ...{ outputFile, limitMs: limitMs(seconds), signal },
  });
  const judgement = judge(end, campaign.figures);
  const isBad = judgement.verdict === 'wrong' || judgement.verdict === 'failed';
  if (isBad && !signal.aborted) progress(`  see ${outputFile}`);
  const { name } = campaign;
  return { ...judgement, version, campaign: name, command, repeated: false, durationMs: end.durationMs };
}

function describe({ version, campaign, verdict, figures, durationMs }: Cell): string {
  const seconds = Math.round(durationMs / 1_000);
  return `etcd ${version}, ${campaign}: ${verdict}, ${figures.join(', ')} (${seconds} s)`;
}

/** The program that an npm script of the package runs last. */
export function programOf(script: string): string {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const program = /node (\S+\.m?js)$/.exec(scripts[script] ?? '')?.[1];
  if (program === undefined) throw new Error(`the npm script '${script}' does not end with a program`);
  return program;
}

function quoted(arg: string): string {
  return /^[\w.,:/-]+$/.test(arg) ? arg : `'${arg}'`;
}
