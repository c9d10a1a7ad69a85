// One process that uses one large service, in one of several ways.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  channelTarget,
  EndpointPicker,
  EtcdClient,
  type ResolverOptions,
  registerEtcdResolver,
  ServiceDirectory,
} from '@org/etcd-naming';
import { until } from '#src/testing/wait.js';
import { ask, openChannel } from '../support/ask.js';
import { connectionsMade } from '../support/connected.js';
import { Followed } from '../support/followed.js';
import { ownMemory } from '../support/memory.js';
import { serve } from '../support/serve.js';

/** How the process uses the service. */
export type Use = 'directory' | 'picker' | 'subset' | 'balance';

/** What an update is given to take effect in, before its block is read. */
const settleMs = 15;
const subsetSize = 20;
const resolutionMs = 1;
const delays = monitorEventLoopDelay({ resolution: resolutionMs });
const blocks: number[] = [];
let measuring = false;
let followed: Followed | undefined;
let picker: EndpointPicker | undefined;
let connections: { readonly before: number; readonly least: number } | undefined;

const commands = {
  /** Returns the milliseconds until the process can use the service. */
  async load(endpoint: string, target: string, size: number, use: Use): Promise<number> {
    const client = new EtcdClient({ endpoints: [endpoint] });
    await client.kv.get('scale');
    const directory = new ServiceDirectory(client);
    const began = performance.now();
    followed = new Followed(directory, target, onView);
    await useIt(directory, target, size, use);
    await until('a complete view', { timeoutMs: 60_000 }, () => followed?.size === size);
    return performance.now() - began;
  },

  memory: ownMemory,

  /** The CPU time of this process in milliseconds. */
  cpuMs(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },

  /** From now on, measures how long each view blocks the event loop. */
  measureBlocks(): void {
    measuring = true;
    delays.enable();
  },

  /** The milliseconds of each view since then. */
  blocks: () => blocks,

  /** Whether the view has the revision. */
  has: (revision: bigint) => followed?.arrivalOf(revision) !== undefined,

  lines: () => followed?.lines ?? [],

  /** The connections that a channel has made beyond those that it needs. */
  surplus: () => (connections ? connectionsMade() - connections.before - connections.least : 0),

  /** The number of endpoints that the picker has. */
  picked: () => picker?.endpoints.length,
};
export type LargeCommands = typeof commands;

async function useIt(directory: ServiceDirectory, target: string, size: number, use: Use): Promise<void> {
  switch (use) {
    case 'directory':
      return;
    case 'picker':
      picker = new EndpointPicker(directory, target);
      await picker.ready();
      return;
    case 'subset':
      return openWith(
        directory,
        target,
        { balance: {}, subset: { size: subsetSize } },
        Math.min(subsetSize, size),
      );
    case 'balance':
      return openWith(directory, target, { balance: {} }, size);
  }
}

/** A channel that has an answer to a call, and all its connections. */
async function openWith(
  directory: ServiceDirectory,
  service: string,
  options: ResolverOptions,
  least: number,
): Promise<void> {
  const before = connectionsMade();
  connections = { before, least };
  registerEtcdResolver(directory, options);
  const { target, options: channelOptions } = channelTarget(service);
  await ask(openChannel(target, channelOptions));
  await until('connections', { timeoutMs: 180_000 }, () => connectionsMade() - before >= least);
}

function onView(): void {
  if (!measuring) return;
  setTimeout(() => {
    if (delays.count === 0) return; // another view was read a moment ago
    blocks.push(Math.max(0, delays.max / 1e6 - resolutionMs));
    // Also forgets when the last sample was taken, so the turn after a reset is not measured.
    delays.reset();
  }, settleMs);
}

serve(commands);
