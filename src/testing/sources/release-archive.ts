import { createHash } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTarGz, readZip } from '../archive/index.js';
import { install } from '../binary/cache.js';
import type { EtcdBinary } from '../binary/etcd-binary.js';
import { download, isHttps } from '../download.js';
import { DEFAULT_ETCD_VERSION, fromEnv, type Settings } from '../options.js';

const RELEASES = 'https://github.com/etcd-io/etcd/releases/download';
/** Short: on a machine without internet access, it delays the next source. */
const FIRST_BYTE_MS = 5_000;
const IDLE_MS = 30_000;
const PIN = 'ETCD_RELEASE_SHA256';
const isSum = /^[0-9a-f]{64}$/i;
const WANTED = ['etcd', 'etcdctl'];

/**
 * etcd's release archive, from `ETCD_RELEASE_URL` or GitHub. Its programs will be run, so its checksum is verified before
 * it is read: by `ETCD_RELEASE_SHA256`, or else by the checksum file beside the archive, which needs https.
 */
export async function fetchRelease(settings: Settings): Promise<EtcdBinary> {
  const version = settings.version ?? DEFAULT_ETCD_VERSION;
  const archive = archiveName(version);
  const pinned = pinnedSum();
  const folder = releaseFolder(version, pinned !== undefined);
  const onlyHttps = pinned === undefined;
  const limits = { firstByteMs: FIRST_BYTE_MS, idleMs: IDLE_MS, onlyHttps, signal: settings.signal };
  const { progress } = settings;
  progress.line(`fetching ${folder}/${archive}`);
  const expected = pinned ?? checksumOf(archive, (await download(`${folder}/SHA256SUMS`, limits)).toString());
  const bytes = await download(`${folder}/${archive}`, limits, (n, total) =>
    progress.update(share(n, total)),
  );
  check(bytes, expected, `${folder}/${archive}`, pinned === undefined ? 'SHA256SUMS' : PIN);
  const checkVersion = (found: string) => {
    if (found !== version) throw new Error(`${archive} contains etcd ${found}`);
  };
  const binary = await install((target) => unpack(archive, bytes, target), checkVersion, settings.signal);
  progress.line(`etcd ${binary.version} is now ${binary.etcd}`);
  return binary;
}

function pinnedSum(): string | undefined {
  const sum = fromEnv(PIN)?.toLowerCase();
  if (sum !== undefined && !isSum.test(sum))
    throw new Error(`${PIN} is '${sum}'; it must be 64 hexadecimal digits`);
  return sum;
}

function releaseFolder(version: string, isPinned: boolean): string {
  const url = (fromEnv('ETCD_RELEASE_URL') ?? RELEASES).replace(/\/+$/, '');
  if (!isPinned && !isHttps(url))
    throw new Error(`ETCD_RELEASE_URL is ${url}; it must be https, unless ${PIN} has the archive's checksum`);
  return `${url}/v${version}`;
}

function archiveName(version: string): string {
  const arch = { x64: 'amd64', arm64: 'arm64', ppc64: 'ppc64le', s390x: 's390x' }[process.arch as string];
  const ending = { linux: 'tar.gz', darwin: 'zip' }[process.platform as string];
  if (arch === undefined || ending === undefined) {
    throw new Error(`no release archive is known for ${process.platform} on ${process.arch}`);
  }
  return `etcd-v${version}-${process.platform}-${arch}.${ending}`;
}

function checksumOf(archive: string, sums: string): string {
  const line = sums.split('\n').find((text) => text.trim().endsWith(archive));
  const [sum] = line?.trim().split(/\s+/) ?? [];
  if (sum === undefined || !isSum.test(sum)) throw new Error(`SHA256SUMS does not list ${archive}`);
  return sum.toLowerCase();
}

function check(bytes: Buffer, expected: string, url: string, source: string): void {
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected) throw new Error(`${url} has sha256 ${actual}, but ${source} says ${expected}`);
}

async function unpack(archive: string, bytes: Buffer, folder: string): Promise<void> {
  const read = archive.endsWith('.zip') ? readZip : readTarGz;
  const files = await read(bytes, WANTED);
  if (!files.has('etcd')) throw new Error(`${archive} contains no file named etcd`);
  for (const [name, content] of files) {
    await writeFile(join(folder, name), content);
    await chmod(join(folder, name), 0o755);
  }
}

function share(bytes: number, total: number | undefined): string {
  const megabytes = `${(bytes / 1e6).toFixed(1)} MB`;
  return total === undefined ? megabytes : `${megabytes}, ${Math.floor((100 * bytes) / total)} %`;
}
