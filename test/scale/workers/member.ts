// A small server program: one registration, and a directory that follows the service.
import { EtcdClient, type Registration, register, ServiceDirectory } from '@org/etcd-naming';
import { until } from '#src/testing/wait.js';
import { digestOf } from '../check/contents.js';
import { Followed } from '../support/followed.js';
import { serve } from '../support/serve.js';

/** Long: each process has a small share of the processor, and receives the changes of all others. */
const ttlSeconds = 30;

let client: EtcdClient | undefined;
let directory: ServiceDirectory | undefined;
let followed: Followed | undefined;
let registration: Registration | undefined;

/** What a process knows, for the checks. */
export interface MemberState {
  readonly registered: boolean;
  /** How often it has stored its record. */
  readonly registrations: number;
  readonly live: boolean;
  readonly digest: string;
  readonly connections: { readonly made: number; readonly lost: number };
  readonly cpuMs: number;
  readonly resident: number;
}

const commands = {
  async connect(endpoint: string): Promise<void> {
    client = new EtcdClient({ endpoints: [endpoint] });
    await client.kv.get('scale');
  },

  async follow(target: string): Promise<void> {
    if (!client) throw new Error('not connected');
    directory = new ServiceDirectory(client);
    followed = new Followed(directory, target);
    await until('the watch', { timeoutMs: 60_000 }, isLive);
  },

  async register(target: string, addr: string): Promise<void> {
    if (!client) throw new Error('not connected');
    registration = await register(client, { target, addr, ttlSeconds, timeoutMs: 180_000 });
  },

  state(): MemberState {
    const { user, system } = process.cpuUsage();
    const { made = 0, lost = 0 } = client?.metrics().connections ?? {};
    return {
      registered: registration?.state === 'registered',
      registrations: registration?.registrationCount ?? 0,
      live: isLive(),
      digest: digestOf(followed?.lines ?? []),
      connections: { made, lost },
      cpuMs: (user + system) / 1_000,
      resident: process.memoryUsage().rss,
    };
  },

  lines: () => followed?.lines ?? [],
};
export type MemberCommands = typeof commands;

function isLive(): boolean {
  return followed !== undefined && directory?.status(followed.target).source === 'live';
}

serve(commands);
