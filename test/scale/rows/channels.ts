import { EtcdClient } from '@org/etcd-naming';
import { difference } from '../check/contents.js';
import { divided, type RowContext, type RowResult, type ScaleFigure, type ScaleRow } from '../row.js';
import { usageOf } from '../support/etcd-usage.js';
import { type Memory, memoryEach } from '../support/memory.js';
import { Remote } from '../support/remote.js';
import { endpointsEach, planServices, services } from '../support/services.js';
import { storeAll, storedLines } from '../support/store.js';
import { toKb, toSeconds } from '../support/text.js';
import type { ChannelsCommands } from '../workers/channels.js';
import type { ServerCommands } from '../workers/server.js';

export const channelsRow: ScaleRow = {
  name: 'channels',
  title: (divisor) => {
    const count = divided(services, divisor);
    return `One process with ${count} grpc-js channels, each to a service of ${endpointsEach} endpoints: ${count * endpointsEach} connections`;
  },
  run,
};

interface Opened {
  readonly ms: number;
  /** For each channel. */
  readonly each: Memory;
}

async function run(context: RowContext): Promise<RowResult> {
  const { resources, startEtcd, progress, divisor } = context;
  const etcd = await startEtcd();
  const client = new EtcdClient(etcd.clientOptions);
  resources.use(client);
  const server = new Remote<ServerCommands>('server');
  resources.use(server);
  const planned = planServices(divided(services, divisor), await server.call('listen'));
  const targets = planned.map(({ target }) => target);
  await storeAll(
    client,
    planned.flatMap(({ endpoints }) => endpoints),
  );
  const fixed = await openFixed(planned.map(({ endpoints }) => endpoints.map(({ addr }) => addr)));
  progress(`channels to fixed addresses: ${toSeconds(fixed.ms)}`);
  const worker = new Remote<ChannelsCommands>('channels');
  resources.use(worker);
  await worker.call('connect', etcd.endpoints[0] ?? '');
  const before = await worker.call('memory');
  const ms = await worker.call('openNames', targets, endpointsEach);
  await worker.call('untilLive', targets);
  const each = memoryEach(before, await worker.call('memory'), targets.length);
  progress(`channels to names: ${toSeconds(ms)}`);
  await worker.call('askAll');
  const { watchers, watchStreams } = await usageOf(etcd);
  const [stored, shown] = [await storedLines(client, 'scale/'), await worker.call('lines', targets)];
  const violations = [
    ...[...stored].flatMap(([target, lines]) => difference(target, lines, shown.get(target) ?? []) ?? []),
    ...(stored.size === targets.length ? [] : [`etcd has ${stored.size} services`]),
    ...(watchStreams === 1 ? [] : [`${watchStreams} watch streams in place of one`]),
    ...(watchers === targets.length ? [] : [`${watchers} watchers in place of ${targets.length}`]),
  ];
  return { figures: figuresOf({ ms, each }, fixed), violations };
}

/** The same channels without etcd. */
async function openFixed(lists: readonly (readonly string[])[]): Promise<Opened> {
  await using worker = new Remote<ChannelsCommands>('channels');
  const before = await worker.call('memory');
  const ms = await worker.call('openAddresses', lists);
  return { ms, each: memoryEach(before, await worker.call('memory'), lists.length) };
}

function figuresOf(named: Opened, fixed: Opened): ScaleFigure[] {
  return [
    {
      name: 'channelsReady',
      title: 'all have answered a call and have their connections after',
      value: toSeconds(named.ms),
    },
    {
      name: 'channelsReadyFixed',
      title: 'the same with fixed addresses and `round_robin`',
      value: toSeconds(fixed.ms),
    },
    { name: 'channelsHeapEach', title: 'process: heap for each channel', value: toKb(named.each.heap) },
    { name: 'channelsHeapEachFixed', title: 'the same with fixed addresses', value: toKb(fixed.each.heap) },
    {
      name: 'channelsResidentEach',
      title: 'process: resident memory for each channel',
      value: toKb(named.each.resident),
    },
    {
      name: 'channelsResidentEachFixed',
      title: 'the same with fixed addresses',
      value: toKb(fixed.each.resident),
    },
  ];
}
