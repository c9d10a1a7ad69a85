import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, findCached } from '#src/testing/binary/cache.js';

/** The minor versions of etcd that the project supports. */
export const minorVersions = ['3.4', '3.5', '3.6', '3.7'] as const;
export type MinorVersion = (typeof minorVersions)[number];

/** The release to build or download if there is none of the minor version. */
export const recommendedReleases: Readonly<Record<MinorVersion, string>> = {
  3.4: '3.4.42',
  3.5: '3.5.35',
  3.6: '3.6.16',
  3.7: '3.7.1',
};

/** An etcd on this machine. */
export interface LocalRelease {
  /** The path of the program. */
  readonly etcd: string;
  /** `3.6.16` */
  readonly version: string;
}

/** The etcd of a minor version in `ETCD_BIN`, on `PATH`, or the newest one in the cache. */
export async function findRelease(minor: string): Promise<LocalRelease | undefined> {
  return onPath(minor) ?? (await newestCached(minor));
}

function onPath(minor: string): LocalRelease | undefined {
  const folders = (process.env['PATH'] ?? '').split(':').filter(Boolean);
  for (const etcd of [process.env['ETCD_BIN'], ...folders.map((folder) => join(folder, 'etcd'))]) {
    const version = etcd && versionOf(etcd);
    if (etcd && version && isOf(version, minor)) return { etcd, version };
  }
  return undefined;
}

async function newestCached(minor: string): Promise<LocalRelease | undefined> {
  const versions = readdirSync(cacheFolder())
    .map((name) => name.split('-')[0] ?? '')
    .filter((version) => isOf(version, minor))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const version of versions) {
    const binary = await findCached(version);
    if (binary) return binary;
  }
  return undefined;
}

function isOf(version: string, minor: string): boolean {
  return version.startsWith(`${minor}.`);
}

function versionOf(etcd: string): string | undefined {
  const { stdout } = spawnSync(etcd, ['--version'], { encoding: 'utf8' });
  return /etcd Version: (\S+)/.exec(stdout ?? '')?.[1];
}
