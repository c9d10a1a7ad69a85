// One process with many channels: to names in etcd, or to fixed addresses.
import type { Client } from '@grpc/grpc-js';
import { channelTarget, EtcdClient, registerEtcdResolver, ServiceDirectory } from '@org/etcd-naming';
import { until } from '#src/testing/wait.js';
import { linesOf } from '../check/contents.js';
import { ask, openChannel } from '../support/ask.js';
import { connectionsMade } from '../support/connected.js';
import { ownMemory } from '../support/memory.js';
import { serve } from '../support/serve.js';

const clients: Client[] = [];
let directory: ServiceDirectory | undefined;

/** Connects all channels at once. Returns the milliseconds until each had its connections, and an answer to a call. */
async function connectAll(added: readonly Client[], connections: number): Promise<number> {
  const began = performance.now();
  const before = connectionsMade();
  clients.push(...added);
  await Promise.all(added.map(ask));
  await until('connections', { timeoutMs: 180_000 }, () => connectionsMade() - before >= connections);
  return performance.now() - began;
}

const roundRobin = {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

const commands = {
  async connect(endpoint: string): Promise<void> {
    const client = new EtcdClient({ endpoints: [endpoint] });
    directory = new ServiceDirectory(client);
    registerEtcdResolver(directory, { balance: {} });
    await client.kv.get('scale');
  },

  /** A channel for each name, with `size` connections. */
  openNames(names: readonly string[], size: number): Promise<number> {
    const opened = names.map((name) => {
      const { target, options } = channelTarget(name);
      return openChannel(target, options);
    });
    return connectAll(opened, names.length * size);
  },

  /** A channel for each list of addresses, without etcd. */
  openAddresses(lists: readonly (readonly string[])[]): Promise<number> {
    return connectAll(
      lists.map((list) => openChannel(`ipv4:${list.join(',')}`, roundRobin)),
      lists.flat().length,
    );
  },

  /** Makes a call on each channel. */
  async askAll(): Promise<void> {
    await Promise.all(clients.map(ask));
  },

  /** Resolves when the watch of each service is up. */
  async untilLive(targets: readonly string[]): Promise<void> {
    const isLive = (target: string) => directory?.status(target).source === 'live';
    await until('watches', { timeoutMs: 180_000 }, () => targets.every(isLive));
  },

  memory: ownMemory,

  lines: (targets: readonly string[]) =>
    new Map(targets.map((target) => [target, linesOf(directory?.get(target)?.endpoints ?? [])])),
};
export type ChannelsCommands = typeof commands;

serve(commands);
