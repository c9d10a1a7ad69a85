import { EtcdClient } from '@org/etcd-naming';
import { nowMs } from '../../chaos/naming/clock.js';
import { difference } from '../check/contents.js';
import { divided, type RowContext, type RowResult, type ScaleFigure, type ScaleRow } from '../row.js';
import { usageAfterCollection } from '../support/etcd-usage.js';
import { memoryEach } from '../support/memory.js';
import { Remote } from '../support/remote.js';
import { endpointsEach, planServices, services } from '../support/services.js';
import { spreadOf } from '../support/spread.js';
import { addressOf, putOf, storeAll, storedLines } from '../support/store.js';
import { toKb, toMs, toSeconds, toTimes } from '../support/text.js';
import { windowed } from '../support/windowed.js';
import type { TargetsCommands } from '../workers/targets.js';

/** The writes that are in progress at a time. */
const writesAtOnce = 8;

export const targetsRow: ScaleRow = {
  name: 'targets',
  title: (divisor) =>
    `One process follows ${divided(services, divisor)} services of ${endpointsEach} endpoints with a directory`,
  run,
};

async function run({ resources, startEtcd, progress, divisor }: RowContext): Promise<RowResult> {
  const etcd = await startEtcd();
  const writer = new EtcdClient(etcd.clientOptions);
  resources.use(writer);
  const planned = planServices(divided(services, divisor), 50051);
  const targets = planned.map(({ target }) => target);
  await storeAll(writer, [
    ...planned.flatMap(({ endpoints }) => endpoints),
    { target: 'scale/first', id: '0', addr: addressOf(0, 50051) },
  ]);
  const worker = new Remote<TargetsCommands>('targets');
  resources.use(worker);
  await worker.call('connect', etcd.endpoints[0] ?? '');
  // The first service opens the connection and the stream.
  await worker.call('follow', ['scale/first'], 1);
  const [etcdBefore, before] = [await usageAfterCollection(etcd), await worker.call('memory')];
  const completeMs = await worker.call('follow', targets, endpointsEach);
  const liveMs = completeMs + (await worker.call('untilLive'));
  const [etcdAfter, after] = [await usageAfterCollection(etcd), await worker.call('memory')];
  progress(`all views are complete after ${toMs(completeMs)}`);
  const changes = await changeEach(writer, targets);
  const arrivals = await worker.call(
    'arrivals',
    new Map(changes.map(({ target, revision }) => [target, revision])),
  );
  const delays = changes.map(({ target, startedAt }) => (arrivals.get(target)?.atMs ?? NaN) - startedAt);
  const [stored, shown] = [await storedLines(writer, 'scale/'), await worker.call('lines')];
  const each = memoryEach(before, after, targets.length);
  const figures: ScaleFigure[] = [
    { name: 'targetsComplete', title: 'all views complete after', value: toSeconds(completeMs) },
    { name: 'targetsLive', title: 'all watches up after', value: toSeconds(liveMs) },
    { name: 'targetsHeapEach', title: 'process: heap for each service', value: toKb(each.heap) },
    {
      name: 'targetsResidentEach',
      title: 'process: resident memory for each service',
      value: toKb(each.resident),
    },
    { name: 'targetsWatchers', title: 'etcd: watchers', value: etcdAfter.watchers },
    { name: 'targetsStreams', title: 'etcd: watch streams', value: etcdAfter.watchStreams },
    {
      name: 'targetsEtcdHeapEach',
      title: 'etcd: heap for each service',
      value: toKb((etcdAfter.heap - etcdBefore.heap) / targets.length),
    },
    {
      name: 'targetsChange',
      title: `a change in each service, ${writesAtOnce} at a time: from the write to the view (p50, p99, max)`,
      value: toTimes(spreadOf(delays)),
    },
  ];
  const violations = [
    ...[...stored].flatMap(([target, lines]) => difference(target, lines, shown.get(target) ?? []) ?? []),
    ...(await worker.call('violations')),
    ...(stored.size === targets.length + 1 ? [] : [`etcd has ${stored.size} services`]),
    ...(etcdAfter.watchStreams === 1 ? [] : [`${etcdAfter.watchStreams} watch streams in place of one`]),
    ...(etcdAfter.watchers === targets.length + 1
      ? []
      : [`${etcdAfter.watchers} watchers in place of ${targets.length + 1}`]),
    ...(delays.every((delay) => delay > 0) ? [] : ['a change arrived before its write, or not at all']),
  ];
  return { figures, violations };
}

/** Writes one endpoint of each service. */
function changeEach(writer: EtcdClient, targets: readonly string[]) {
  return windowed(targets, writesAtOnce, async (target, i) => {
    const startedAt = nowMs();
    const put = putOf({ target, id: '0', addr: addressOf(i * endpointsEach, 50051) }, 1);
    const { revision } = await writer.kv.txn({ success: [put] });
    return { target, startedAt, revision };
  });
}
