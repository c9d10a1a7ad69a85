import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** A value of a figure: a count or a ratio as a number, a time or a size with its unit as text (`43 ms`, `0.3 MB/h`). */
export type Figure = number | string;

/** Rows that a page shows as they are. */
export interface ProofTable {
  readonly columns: readonly string[];
  /** Each row has a cell for each column. */
  readonly rows: readonly (readonly Figure[])[];
}

/** What a campaign knows about its run. */
export interface ProofRun {
  /** The command that made the figures, as a user types it: `npm run soak -- --hours 0.75`. */
  readonly command: string;
  /** Whether everything that the campaign checks was as it should be. */
  readonly passed: boolean;
  /** The releases of etcd. */
  readonly etcd: readonly string[];
  /** By a name in lower camel case. */
  readonly figures: Readonly<Record<string, Figure>>;
  /** By a name in lower camel case. */
  readonly tables?: Readonly<Record<string, ProofTable>>;
}

/** The content of a file in `docs/proof`: a run, with its date and where it was made. */
export interface ProofRecord extends ProofRun {
  /** `2026-11-30`, UTC. */
  readonly date: string;
  /** The version of this package. */
  readonly version: string;
  readonly environment: { readonly node: string; readonly platform: string; readonly cores: number };
}

/** The line in the help of a campaign. */
export const RECORD_HELP = '--record        write the figures to docs/proof, for the page docs/proof.md';

/**
 * The command line of this process as a user types it, without `--record`, and without `--etcd PATH`, whose release the
 * record names.
 */
export function typedCommand(script: string, args: readonly string[] = process.argv.slice(2)): string {
  const kept = args.filter(
    (arg, i) => arg !== '--record' && !arg.startsWith('--etcd') && args[i - 1] !== '--etcd',
  );
  return ['npm run', script, ...(kept.length > 0 ? ['--', ...kept] : [])].join(' ');
}

/**
 * Writes the figures of a campaign to `docs/proof/<name>.json` in the working directory, which `npm run` sets to the
 * package. A run that failed is written too: the page shows the last run. Returns the path.
 */
export async function recordProof(name: string, run: ProofRun): Promise<string> {
  for (const [table, { columns, rows }] of Object.entries(run.tables ?? {}))
    for (const row of rows)
      if (row.length !== columns.length)
        throw new Error(`a row of ${table} has ${row.length} cells for ${columns.length} columns`);
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const record: ProofRecord = {
    ...run,
    date: new Date().toISOString().slice(0, 10),
    version,
    environment: { node: process.version, platform: process.platform, cores: availableParallelism() },
  };
  const folder = join('docs', 'proof');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  await writeFile(path, `${JSON.stringify(record, undefined, 2)}\n`);
  return path;
}
