import grpc from '@grpc/grpc-js';
import { channelTarget, EndpointManager, EndpointPicker, EtcdClient, type Watcher } from '#src/index.js';
import { eventPrefix, fixedServices, movingService } from '../messages.js';
import { EventChecker } from './event-checker.js';
import { take } from './events.js';
import { callServer, type LoadContext, pause, repeat } from './load.js';

const leaseSeconds = 10;

/** Everything that comes and goes. */
export async function churn(context: LoadContext): Promise<void> {
  await Promise.all([
    repeat(context, [50, 300], () => watchShortly(context)),
    repeat(context, [50, 300], () => watchShortly(context)),
    repeat(context, [500, 2_000], () => useClient(context)),
    repeat(context, [200, 800], () => callOnChannel(context)),
    repeat(context, [200, 1_000], () => addEndpoint(context)),
    repeat(context, [500, 2_000], () => pickShortly(context)),
  ]);
}

/** Also closes watchers that have not opened yet. */
async function watchShortly({ client, counts, random, signal }: LoadContext): Promise<void> {
  const watcher = client.watch({ prefix: eventPrefix });
  const checker = new EventChecker();
  const reading = read(watcher, checker);
  await pause(random.between(0, 2_000), signal);
  await watcher.close();
  await reading;
  counts.watchersChurned++;
  counts.eventsMissed += take(checker, 'missed');
  counts.eventsDuplicated += take(checker, 'duplicated');
}

async function read(watcher: Watcher, checker: EventChecker): Promise<void> {
  for await (const { events } of watcher) checker.onEvents(events);
}

/** A client with a watch, a lease and calls of its own. */
async function useClient({ config, counts, random, signal }: LoadContext): Promise<void> {
  const client = new EtcdClient({ endpoints: config.endpoints, name: 'short' });
  const watcher = client.watch({ prefix: eventPrefix });
  const reading = read(watcher, new EventChecker()).catch(() => {});
  try {
    const lease = await client.lease.hold({ ttlSeconds: leaseSeconds });
    await client.kv.put(`soak/short/${lease.id}`, 'here', { lease: lease.id });
    await pause(random.between(0, 1_000), signal);
    // Some are closed with a lease, which then expires.
    if (random.chance(0.8)) await lease[Symbol.asyncDispose]();
  } finally {
    await client.close();
    await reading;
    counts.clientsChurned++;
  }
}

async function callOnChannel(context: LoadContext): Promise<void> {
  const { counts, random } = context;
  const { target, options } = channelTarget(random.pick([...fixedServices, movingService]));
  const isolated = random.chance(0.5) ? { 'grpc.use_local_subchannel_pool': 1 } : {};
  const channel = new grpc.Client(target, grpc.credentials.createInsecure(), { ...options, ...isolated });
  try {
    await callServer(context, channel);
  } finally {
    channel.close();
    counts.channelsChurned++;
  }
}

/** An endpoint with a lease, which is deleted or vanishes with the lease. */
async function addEndpoint({ client, config, counts, random, signal }: LoadContext): Promise<void> {
  const manager = new EndpointManager(client, movingService);
  const lease = await client.lease.hold({ ttlSeconds: leaseSeconds });
  try {
    const key = `${movingService}/temporary-${lease.id}`;
    await manager.addEndpoint(key, { addr: random.pick(config.servers) }, { lease: lease.id });
    await pause(random.between(0, 2_000), signal);
    if (random.chance(0.5)) await manager.deleteEndpoint(key);
  } finally {
    await lease[Symbol.asyncDispose]();
    counts.endpointsChurned++;
  }
}

async function pickShortly({ client, counts, random, signal }: LoadContext): Promise<void> {
  using picker = new EndpointPicker(client, random.pick(fixedServices));
  await picker.ready({ signal, timeoutMs: 10_000 });
  counts.picks += picker.pick().addr === '' ? 0 : 1;
  await pause(random.between(0, 1_000), signal);
  counts.pickersChurned++;
}
