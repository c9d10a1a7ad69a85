// One process with many registrations, which it replaces in waves.
import { EtcdClient, type Registration, register } from '@org/etcd-naming';
import { serve } from '../support/serve.js';

/** The time that a drain waits before and after the deletion; shorter than the default, for a denser load. */
const propagateMs = 100;
/** Long enough for a loaded machine: a lost lease would add revisions. */
const ttlSeconds = 60;

const running: Registration[] = [];
let client: EtcdClient | undefined;

const commands = {
  connect(endpoint: string): void {
    client = new EtcdClient({ endpoints: [endpoint] });
  },

  async start(target: string, addresses: readonly string[]): Promise<void> {
    running.push(...(await startAll(target, addresses)));
  },

  /** The oldest registrations are replaced by as many new ones: each new one registers, and then an old one drains. */
  async replace(target: string, addresses: readonly string[]): Promise<void> {
    const old = running.splice(0, addresses.length);
    running.push(...(await startAll(target, addresses)));
    await Promise.all(old.map((one) => one.drain({ propagateMs, whenIdle: () => Promise.resolve() })));
  },
};
export type RegistrarCommands = typeof commands;

function startAll(target: string, addresses: readonly string[]): Promise<Registration[]> {
  if (!client) throw new Error('not connected');
  const one = client;
  return Promise.all(addresses.map((addr) => register(one, { target, addr, ttlSeconds, timeoutMs: 60_000 })));
}

serve(commands);
