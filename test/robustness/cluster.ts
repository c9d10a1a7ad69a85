import { cp, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type EtcdClusterHandle, type EtcdMember, startEtcdCluster } from '#src/testing/index.js';

/** How often a member reports its progress to watches that ask for it. */
const progressInterval = '500ms';

/** Never: the validators need every entry of the log, and a snapshot would permit etcd to delete old ones. */
const snapshotCount = '1000000';

/** Also of a restart: a machine that is busy with other things is not a reason to fail. */
const startTimeoutMs = 120_000;

/** Starts three members whose logs keep everything, as the validators need it. */
export function startCluster(version: string, signal: AbortSignal): Promise<EtcdClusterHandle> {
  const args = flagsFor(version);
  return startEtcdCluster({ version, partitions: true, signal, args, startTimeoutMs });
}

/** etcd 3.4 and 3.5 have the flag of the interval only as an experimental one, and 3.7 only without that word. */
export function flagsFor(version: string): string[] {
  const interval = /^3\.[45]\./.test(version)
    ? '--experimental-watch-progress-notify-interval'
    : '--watch-progress-notify-interval';
  return ['--snapshot-count', snapshotCount, interval, progressInterval];
}

/** Ends all members and copies their data to `server-<name>` in the folder, where the validators look for it. */
export async function takeData(cluster: EtcdClusterHandle, folder: string): Promise<void> {
  const found = await Promise.all(
    cluster.members.map(async (member) => [member, await dataOf(member)] as const),
  );
  await Promise.all(cluster.members.map((member) => member.kill()));
  for (const [{ name }, data] of found) await cp(data, join(folder, `server-${name}`), { recursive: true });
}

async function dataOf({ name, pid }: EtcdMember): Promise<string> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  const data = words[words.indexOf('--data-dir') + 1];
  if (!words.includes('--data-dir') || data === undefined)
    throw new Error(`the process of ${name} has no --data-dir`);
  return resolve(data);
}
