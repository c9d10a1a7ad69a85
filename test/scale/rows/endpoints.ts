import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdClient } from '@org/etcd-naming';
import type { EtcdHandle } from '#src/testing/index.js';
import { until } from '#src/testing/wait.js';
import { difference } from '../check/contents.js';
import { divided, type RowContext, type RowResult, type ScaleFigure, type ScaleRow } from '../row.js';
import { Remote } from '../support/remote.js';
import { spreadOf } from '../support/spread.js';
import { addressOf, type Planned, putOf, storeAll, storedLines } from '../support/store.js';
import { toMb, toMs, toSeconds, toTimes } from '../support/text.js';
import type { LargeCommands, Use } from '../workers/large.js';
import type { ServerCommands } from '../workers/server.js';

const target = 'scale/large';
const fullSize = 10_000;
/** The changes of each measurement: one endpoint, every 50 ms. */
const changes = 60;
const betweenMs = 50;

const uses: readonly { readonly use: Use; readonly title: string }[] = [
  { use: 'directory', title: 'directory' },
  { use: 'picker', title: 'picker' },
  { use: 'subset', title: 'channel with a subset of 20' },
  { use: 'balance', title: 'channel with `balance` to all' },
];

export const endpointsRow: ScaleRow = {
  name: 'endpoints',
  title: (divisor) => `One service of ${divided(fullSize, divisor)} endpoints`,
  run,
};

interface Store {
  readonly etcd: EtcdHandle;
  readonly client: EtcdClient;
  readonly planned: readonly Planned[];
}

async function run({ resources, startEtcd, progress, divisor }: RowContext): Promise<RowResult> {
  const etcd = await startEtcd();
  const client = new EtcdClient(etcd.clientOptions);
  resources.use(client);
  const server = new Remote<ServerCommands>('server');
  resources.use(server);
  const size = divided(fullSize, divisor);
  const port = await server.call('listen');
  const planned = Array.from({ length: size }, (_, i) => ({ target, id: `${i}`, addr: addressOf(i, port) }));
  await storeAll(client, planned);
  const figures: ScaleFigure[] = [];
  const violations: string[] = [];
  for (const { use, title } of uses) {
    const worker = new Remote<LargeCommands>('large');
    resources.use(worker);
    const result = await measure(worker, { etcd, client, planned }, use, title).catch(failedUse(title));
    await worker[Symbol.asyncDispose]();
    figures.push(...result.figures);
    violations.push(...result.violations);
    progress(title);
  }
  return { figures, violations };
}

/** The other uses are measured nevertheless. */
const failedUse =
  (title: string) =>
  (error: unknown): RowResult => ({ figures: [], violations: [`${title}: ${error}`] });

async function measure(
  worker: Remote<LargeCommands>,
  { etcd, client, planned }: Store,
  use: Use,
  title: string,
): Promise<RowResult> {
  const size = planned.length;
  const before = await worker.call('memory');
  const loadMs = await worker.call('load', etcd.endpoints[0] ?? '', target, size, use);
  const after = await worker.call('memory');
  const cpuBefore = await worker.call('cpuMs');
  await change(worker, client, planned);
  const cpuEach = ((await worker.call('cpuMs')) - cpuBefore) / changes;
  await worker.call('measureBlocks');
  await change(worker, client, planned);
  // A busy process skips views.
  const blocks = await until('the measurements', { timeoutMs: 5_000 }, async () => {
    const all = await worker.call('blocks');
    return all.length >= changes / 2 && all;
  });
  const stored = (await storedLines(client, `${target}/`)).get(target) ?? [];
  const shown = await worker.call('lines');
  const picked = await worker.call('picked');
  const surplus = await worker.call('surplus');
  return {
    figures: [
      { name: `${use}Load`, title: `${title}: ready after`, value: toSeconds(loadMs) },
      { name: `${use}Heap`, title: `${title}: heap`, value: toMb(after.heap - before.heap) },
      {
        name: `${use}Resident`,
        title: `${title}: resident memory`,
        value: toMb(after.resident - before.resident),
      },
      { name: `${use}Cpu`, title: `${title}: CPU time for a change of one endpoint`, value: toMs(cpuEach) },
      {
        name: `${use}Block`,
        title: `${title}: a change blocks the event loop for (p50, p99, max)`,
        value: toTimes(spreadOf(blocks)),
      },
    ],
    violations: [
      ...(stored.length === size ? [] : [`etcd has ${stored.length} endpoints`]),
      ...[difference(title, stored, shown) ?? []].flat(),
      ...(picked === undefined || picked === size ? [] : [`the picker has ${picked} endpoints`]),
      // With thousands of connections, a busy machine may have to make some of them again.
      ...(use !== 'subset' || surplus === 0 ? [] : [`${title}: ${surplus} connections too many`]),
    ],
  };
}

/** Changes the metadata of one endpoint after another, and waits until the view has the last change. */
async function change(
  worker: Remote<LargeCommands>,
  client: EtcdClient,
  planned: readonly Planned[],
): Promise<void> {
  let last = 0n;
  for (let i = 0; i < changes; i++) {
    const one = planned[(i * 7919) % planned.length];
    if (!one) continue;
    ({ revision: last } = await client.kv.txn({ success: [putOf(one, i + 1)] }));
    await sleep(betweenMs);
  }
  await until('the last change', { timeoutMs: 30_000 }, () => worker.call('has', last));
}
