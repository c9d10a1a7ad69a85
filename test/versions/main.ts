// npm run campaign:versions: the project's campaigns on each release of etcd.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { campaignMain } from '../support/campaign-main.js';
import { recordProof } from '../support/proof.js';
import { findRelease, type MinorVersion, minorVersions, recommendedReleases } from '../support/releases.js';
import { campaigns } from './campaigns.js';
import { type Cell, type Release, runMatrix } from './matrix.js';
import { runProgram } from './program.js';
import { SavedCells } from './saved-cells.js';
import { help, parseSettings, type VersionSettings } from './settings.js';
import { formatTable, toTable } from './table.js';
import { exitCodeOf } from './verdict.js';

async function run(settings: VersionSettings, signal: AbortSignal): Promise<number> {
  const { seconds, seed } = settings;
  const output = settings.output ?? mkdtempSync(join(tmpdir(), 'etcd-naming-versions-'));
  console.log(`seed ${seed}, ${seconds} s; output in ${output}`);
  const releases = await findReleases(settings.minors);
  const selected = campaigns.filter(({ name }) => settings.campaigns.includes(name));
  const progress = (line: string) => console.log(line);
  mkdirSync(output, { recursive: true });
  const saved = new SavedCells(output, settings.resume);
  const cells = await runMatrix({
    ...{ releases, campaigns: selected, seconds, seed, output, saved, signal, progress, run: runProgram },
  });
  console.log(`\n${formatTable(toTable(cells))}`);
  const code = exitCodeOf(cells.map(({ verdict }) => verdict));
  if (settings.record) console.log(await record(settings, cells, code === 0));
  console.log(resultOf(cells));
  return code;
}

async function findReleases(minors: readonly MinorVersion[]): Promise<Release[]> {
  const found: Release[] = [];
  for (const minor of minors) {
    const release = await findRelease(minor);
    if (release) found.push({ minor, ...release });
    else
      console.log(
        `skipped: no etcd ${minor} in ETCD_BIN, on PATH or in the cache, as ${recommendedReleases[minor]} is`,
      );
  }
  return found;
}

function record(settings: VersionSettings, cells: readonly Cell[], passed: boolean): Promise<string> {
  const count = (wanted: Cell['verdict']) => cells.filter(({ verdict }) => verdict === wanted).length;
  return recordProof('versions', {
    command: commandOf(settings),
    passed,
    etcd: [...new Set(cells.map(({ version }) => version))],
    figures: {
      runs: cells.length - count('skipped'),
      ...{
        ok: count('ok'),
        wrong: count('wrong'),
        inconclusive: count('inconclusive'),
        failed: count('failed'),
      },
    },
    tables: { matrix: toTable(cells) },
  });
}

function commandOf({ minors, campaigns: selected, seconds, seed }: VersionSettings): string {
  const options = [
    ...(minors.length < minorVersions.length ? minors.map((minor) => `--only ${minor}`) : []),
    ...(selected.length < campaigns.length ? selected.map((name) => `--only-campaign ${name}`) : []),
    `--seconds ${seconds} --seed ${seed}`,
  ];
  return `npm run campaign:versions -- ${options.join(' ')}`;
}

/** The result in one line. */
function resultOf(cells: readonly Cell[]): string {
  const counts = new Map<string, number>();
  for (const { verdict } of cells) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ') || 'nothing ran';
}

process.exitCode = await campaignMain({
  ...{ help, parse: parseSettings, run, interrupted: 'interrupted; every campaign is stopped' },
});
