import { EtcdClient } from '@org/etcd-naming';
import type { EtcdHandle } from '#src/testing/index.js';
import { difference, digestOf } from '../check/contents.js';
import { exactlyOnce } from '../check/exactly-once.js';
import { divided, type RowContext, type RowResult, type ScaleFigure, type ScaleRow } from '../row.js';
import { type EtcdUsage, usageOf } from '../support/etcd-usage.js';
import { Remote } from '../support/remote.js';
import { spreadOf } from '../support/spread.js';
import { addressOf, storedLines } from '../support/store.js';
import { toKb, toMb, toMs, toSeconds, toTimes } from '../support/text.js';
import type { RegistrarCommands } from '../workers/registrar.js';
import type { WatchersCommands } from '../workers/watchers.js';

const target = 'scale/rollout';
const fullInstances = 1_000;
const registrarCount = 4;
const waveSize = 40;
const processCount = 4;
/** A replacement stores the new record, marks the old one as draining and deletes it. */
const changesEach = 3;

/** The numbers of a run. */
interface Sizes {
  /** A multiple of the size of a wave. */
  readonly instances: number;
  readonly directoriesEach: number;
  readonly watchesEach: number;
  readonly watchers: number;
}

function sizesOf(divisor: number): Sizes {
  const instances = divided(fullInstances / waveSize, divisor) * waveSize;
  const [directoriesEach, watchesEach] = [divided(20, divisor), divided(5, divisor)];
  return {
    instances,
    directoriesEach,
    watchesEach,
    watchers: processCount * (directoriesEach + watchesEach),
  };
}

export const rolloutRow: ScaleRow = {
  name: 'rollout',
  title(divisor) {
    const { instances, directoriesEach, watchesEach, watchers } = sizesOf(divisor);
    return `A rolling update of ${instances} registrations in ${registrarCount} processes, ${waveSize} at once, seen by ${watchers} watchers: ${processCount * directoriesEach} directories and ${processCount * watchesEach} watches, each with a connection`;
  },
  run,
};

interface Parties {
  readonly etcd: EtcdHandle;
  readonly client: EtcdClient;
  readonly registrars: readonly Remote<RegistrarCommands>[];
  readonly followers: readonly Remote<WatchersCommands>[];
}

async function run(context: RowContext): Promise<RowResult> {
  const sizes = sizesOf(context.divisor);
  const { instances, watchers } = sizes;
  const parties = await start(context, sizes);
  const { etcd, client, followers } = parties;
  const before = await usageOf(etcd);
  const from = await revisionOf(client);
  const cpuBefore = await cpuOf(followers);
  const delays: number[] = [];
  for (let first = 0; first < instances; first += waveSize) {
    await replaceWave(parties, instances + first);
    delays.push(await endOfWave(parties));
  }
  const after = await usageOf(etcd);
  const cpuEach = ((await cpuOf(followers)) - cpuBefore) / watchers;
  context.progress('the update has ended');
  const to = await revisionOf(client);
  return {
    figures: figuresOf({
      before,
      after,
      delays,
      cpuEach,
      views: await viewsOf(followers),
      unconfirmed: await unconfirmedOf(followers),
      watchers,
    }),
    violations: await violationsOf(parties, sizes, from, to),
  };
}

async function start(
  { resources, startEtcd, progress }: RowContext,
  { instances, directoriesEach, watchesEach, watchers }: Sizes,
): Promise<Parties> {
  const etcd = await startEtcd();
  const client = new EtcdClient(etcd.clientOptions);
  resources.use(client);
  const registrars = Array.from({ length: registrarCount }, () => new Remote<RegistrarCommands>('registrar'));
  const followers = Array.from({ length: processCount }, () => new Remote<WatchersCommands>('watchers'));
  for (const one of [...registrars, ...followers]) resources.use(one);
  const endpoint = etcd.endpoints[0] ?? '';
  await Promise.all(registrars.map((one) => one.call('connect', endpoint)));
  for (let first = 0; first < instances; first += waveSize)
    await Promise.all(registrars.map((one, i) => one.call('start', target, addressesOf(first, i))));
  await Promise.all(followers.map((one) => one.call('open', endpoint, target, directoriesEach, watchesEach)));
  progress(`${instances} registrations, ${watchers} watchers`);
  return { etcd, client, registrars, followers };
}

/** The addresses of a wave that one registrar serves. */
function addressesOf(first: number, registrar: number): string[] {
  const share = waveSize / registrarCount;
  return Array.from({ length: share }, (_, i) => addressOf(first + registrar * share + i, 50051));
}

async function replaceWave({ registrars }: Parties, first: number): Promise<void> {
  await Promise.all(registrars.map((one, i) => one.call('replace', target, addressesOf(first, i))));
}

/** Waits until all watchers are right after a wave: how much later the last is than the first that has its last change. */
async function endOfWave({ client, followers }: Parties): Promise<number> {
  const stored = (await storedLines(client, `${target}/`)).get(target) ?? [];
  const expected = { revision: await revisionOf(client), size: stored.length, digest: digestOf(stored) };
  const times = (await Promise.all(followers.map((one) => one.call('reached', expected)))).flat();
  return Math.max(...times) - Math.min(...times);
}

/** Of the store; nothing else writes to it. */
async function revisionOf(client: EtcdClient): Promise<bigint> {
  const { revision } = await client.kv.get('scale');
  return revision;
}

async function cpuOf(followers: Parties['followers']): Promise<number> {
  const all = await Promise.all(followers.map((one) => one.call('cpuMs')));
  return all.reduce((sum, ms) => sum + ms, 0);
}

async function unconfirmedOf(followers: Parties['followers']): Promise<number> {
  return Math.max(...(await Promise.all(followers.map((one) => one.call('unconfirmed')))).flat());
}

async function viewsOf(followers: Parties['followers']): Promise<number[]> {
  return (await Promise.all(followers.map((one) => one.call('views')))).flat();
}

interface Measurements {
  readonly before: EtcdUsage;
  readonly after: EtcdUsage;
  /** Of each wave, in milliseconds. */
  readonly delays: readonly number[];
  /** The CPU time of a watcher, in milliseconds. */
  readonly cpuEach: number;
  /** Of each directory. */
  readonly views: readonly number[];
  /** The most endpoints that loss protection kept in a view. */
  readonly unconfirmed: number;
  readonly watchers: number;
}

function figuresOf({
  before,
  after,
  delays,
  cpuEach,
  views,
  unconfirmed,
  watchers,
}: Measurements): ScaleFigure[] {
  const sent = after.sentBytes - before.sentBytes;
  return [
    { name: 'rolloutTook', title: 'the update took', value: toSeconds(after.atMs - before.atMs) },
    {
      name: 'rolloutEvents',
      title: 'changes of records, each sent to each watcher',
      value: after.revision - before.revision,
    },
    { name: 'rolloutSent', title: 'etcd: sent to all', value: toMb(sent) },
    { name: 'rolloutSentEach', title: 'etcd: sent for each watcher', value: toKb(sent / watchers) },
    {
      name: 'rolloutEtcdCpu',
      title: 'etcd: CPU time',
      value: toSeconds((after.cpuSeconds - before.cpuSeconds) * 1_000),
    },
    { name: 'rolloutCpuEach', title: 'a watcher: CPU time', value: toMs(cpuEach) },
    { name: 'rolloutViews', title: 'a directory: views (p50)', value: spreadOf(views).p50 },
    {
      name: 'rolloutDelay',
      title: 'a wave: from the first watcher that is right to the last (p50, p99, max)',
      value: toTimes(spreadOf(delays)),
    },
    {
      name: 'rolloutUnconfirmed',
      title: 'most endpoints that loss protection kept in a view, because etcd was silent for 5 s',
      value: unconfirmed,
    },
  ];
}

async function violationsOf(
  { client, followers }: Parties,
  { instances, watchers }: Sizes,
  from: bigint,
  to: bigint,
): Promise<string[]> {
  const stored = (await storedLines(client, `${target}/`)).get(target) ?? [];
  const shown = (await Promise.all(followers.map((one) => one.call('lines')))).flat();
  const revisions = (await Promise.all(followers.map((one) => one.call('revisions')))).flat();
  const backwards = (await Promise.all(followers.map((one) => one.call('violations')))).flat();
  const changes = BigInt(instances * changesEach);
  return [
    ...shown.flatMap((lines, i) => difference(`directory ${i}`, stored, lines) ?? []),
    ...revisions.flatMap((all, i) => exactlyOnce(`watch ${i}`, all, from, to) ?? []),
    ...backwards,
    ...(stored.length === instances ? [] : [`${stored.length} records are left`]),
    ...(to - from === changes ? [] : [`${to - from} changes in place of ${changes}`]),
    ...(shown.length + revisions.length === watchers ? [] : ['a watcher is missing']),
  ];
}
