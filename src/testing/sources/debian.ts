import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { install } from '../binary/cache.js';
import { type EtcdBinary, findOnPath } from '../binary/etcd-binary.js';
import type { Settings } from '../options.js';

const PACKAGES = ['etcd-server', 'etcd-client'];
const COMMAND_TIMEOUT_MS = 180_000;

/**
 * The distribution's etcd, from the package sources that this machine has configured and trusts (apt checks their
 * signatures). The packages are unpacked, not installed, so root is not needed. The version is the distribution's.
 */
export async function fetchDebianPackages(settings: Settings): Promise<EtcdBinary> {
  if (!existsSync('/etc/debian_version') || !findOnPath('apt-get') || !findOnPath('dpkg-deb')) {
    throw new Error('this is not a Debian-like machine with apt-get and dpkg-deb');
  }
  const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-apt-'));
  try {
    settings.progress.line(`fetching the packages ${PACKAGES.join(' and ')} of this distribution`);
    const root = await unpackPackages(folder, settings.signal);
    const checkVersion = (found: string) => {
      if (settings.version !== undefined && found !== settings.version)
        throw new Error(`the distribution has etcd ${found}, not ${settings.version}`);
    };
    const fill = (target: string) => pick(join(root, 'usr', 'bin'), target);
    const binary = await install(fill, checkVersion, settings.signal);
    settings.progress.line(`etcd ${binary.version} is now ${binary.etcd}`);
    return binary;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpackPackages(folder: string, signal: AbortSignal | undefined): Promise<string> {
  const lists = join(folder, 'lists');
  const cache = join(folder, 'cache');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  const run = (command: string, args: readonly string[]) =>
    promisify(execFile)(command, args, { cwd: folder, timeout: COMMAND_TIMEOUT_MS, signal });
  const options = aptOptions(lists, cache);
  // The machine's package lists may be missing or old, and only root can update them, so apt uses lists in the folder.
  await run('apt-get', [...options, '-qq', 'update']);
  await run('apt-get', [...options, '-qq', 'download', ...PACKAGES]);
  const root = join(folder, 'root');
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.deb'))) {
    await run('dpkg-deb', ['-x', file, root]);
  }
  return root;
}

/** apt writes only to the folder. It needs no lock there, and no sandbox user, who could not access the folder. */
function aptOptions(lists: string, cache: string): string[] {
  const settings = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${cache}`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=',
    'Acquire::Retries=1',
    'Acquire::http::Timeout=15',
    'Acquire::https::Timeout=15',
  ];
  return settings.flatMap((setting) => ['-o', setting]);
}

async function pick(from: string, to: string): Promise<void> {
  for (const name of ['etcd', 'etcdctl']) {
    await copyFile(join(from, name), join(to, name));
  }
}
