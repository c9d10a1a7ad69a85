import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdClient } from '@org/etcd-naming';
import { divided, type RowContext, type RowResult, type ScaleFigure, type ScaleRow } from '../row.js';
import { type EtcdUsage, usageAfterCollection } from '../support/etcd-usage.js';
import { Fleet, startAtOnce } from '../support/fleet.js';
import { type Recovery, recover } from '../support/recovery.js';
import { addressOf } from '../support/store.js';
import { toKb, toMb, toPercent, toSeconds } from '../support/text.js';

const target = 'scale/processes';
const fullCount = 200;
const restMs = 10_000;
const downMs = 2_000;
/** Beyond it, the processes send far more than a connection, its two streams and their comparisons need. */
const mostMessagesEach = 40;

export const processesRow: ScaleRow = {
  name: 'processes',
  title: (divisor) =>
    `${divided(fullCount, divisor)} processes with one etcd, each with a registration and a directory of the service`,
  run,
};

async function run({ resources, startEtcd, progress, divisor }: RowContext): Promise<RowResult> {
  const count = divided(fullCount, divisor);
  const etcd = await startEtcd();
  const client = new EtcdClient(etcd.clientOptions);
  resources.use(client);
  await client.kv.get('scale');
  const fleet = new Fleet(etcd, client, target);
  resources.use(fleet);
  const usages = [await usageAfterCollection(etcd)];
  await fleet.connect(count);
  usages.push(await usageAfterCollection(etcd));
  progress('connected');
  await fleet.each((member) => member.call('follow', target));
  usages.push(await usageAfterCollection(etcd));
  await fleet.each((member, i) => member.call('register', target, addressOf(i, 50051)), startAtOnce);
  await fleet.untilRight();
  usages.push(await usageAfterCollection(etcd));
  progress('following and registered');
  const rest = await measureRest(fleet, count);
  const restart = await recover(fleet, downMs, () => etcd.restart());
  progress(`restarted: all right after ${toSeconds(restart.rightMs)}`);
  const wipe = await recover(fleet, downMs, () => etcd.wipe());
  progress(`empty store: all right after ${toSeconds(wipe.rightMs)}`);
  return {
    figures: [
      ...memoryFigures(usages, count),
      ...rest,
      ...recoveryFigures('restart', `killed for ${downMs / 1_000} s`, restart),
      ...recoveryFigures('wipe', `killed for ${downMs / 1_000} s, and started with an empty store`, wipe),
    ],
    violations: [
      ...recoveryViolations('restart', restart, count),
      ...recoveryViolations('empty store', wipe, count),
      ...(wipe.registered === count ? [] : [`${wipe.registered} processes stored their record again`]),
    ],
  };
}

function memoryFigures(
  [empty, connected, following, registered]: readonly EtcdUsage[],
  count: number,
): ScaleFigure[] {
  if (!empty || !connected || !following || !registered) throw new TypeError('four usages');
  const each = (from: EtcdUsage, to: EtcdUsage) => {
    const of = (name: 'heap' | 'resident' | 'goroutines') => (to[name] - from[name]) / count;
    return `${toKb(of('heap'))}, ${toKb(of('resident'))}, ${of('goroutines').toFixed(1)} goroutines`;
  };
  return [
    {
      name: 'connectionEach',
      title: 'etcd: heap, resident memory and goroutines for a connection',
      value: each(empty, connected),
    },
    {
      name: 'watchStreamEach',
      title: '… and for its watch stream with the watcher of a directory',
      value: each(connected, following),
    },
    {
      name: 'leaseStreamEach',
      title: '… and for its lease stream with a lease, a record and a watcher',
      value: each(following, registered),
    },
    { name: 'etcdResident', title: 'etcd: resident memory', value: toMb(registered.resident) },
    { name: 'etcdOpenFiles', title: 'etcd: open files', value: registered.openFiles },
    {
      name: 'etcdWatchStreams',
      title: 'etcd: watch streams, watchers',
      value: `${registered.watchStreams}, ${registered.watchers}`,
    },
  ];
}

/** What the processes cost while nothing changes. */
async function measureRest(fleet: Fleet, count: number): Promise<ScaleFigure[]> {
  const before = await fleet.usage();
  await sleep(restMs);
  const after = await fleet.usage();
  const elapsedMs = after.etcd.atMs - before.etcd.atMs;
  return [
    {
      name: 'etcdAtRest',
      title: 'etcd: CPU at rest, of one core',
      value: toPercent((after.etcd.cpuSeconds - before.etcd.cpuSeconds) / (elapsedMs / 1_000)),
    },
    {
      name: 'messagesAtRest',
      title: 'etcd: requests and messages at rest, each second',
      value: Math.round((after.etcd.messages - before.etcd.messages) / (elapsedMs / 1_000)),
    },
    {
      name: 'processAtRest',
      title: 'a process: CPU at rest, of one core',
      value: toPercent((after.cpuMs - before.cpuMs) / count / elapsedMs),
    },
    { name: 'processResident', title: 'a process: resident memory', value: toMb(after.resident / count) },
  ];
}

function recoveryFigures(name: string, title: string, recovery: Recovery): ScaleFigure[] {
  return [
    {
      name: `${name}Right`,
      title: `etcd ${title}: all are registered and all views right, since its start`,
      value: toSeconds(recovery.rightMs),
    },
    {
      name: `${name}Messages`,
      title: `etcd ${title}: requests and messages until then, and within the busiest second`,
      value: `${recovery.messages}, ${recovery.peak}`,
    },
  ];
}

function recoveryViolations(name: string, { lost, messages, violations }: Recovery, count: number): string[] {
  return [
    ...violations.map((text) => `${name}: ${text}`),
    ...(lost === count ? [] : [`${name}: ${lost} of ${count} processes lost their connection`]),
    ...(messages <= count * mostMessagesEach ? [] : [`${name}: ${messages} requests and messages`]),
  ];
}
