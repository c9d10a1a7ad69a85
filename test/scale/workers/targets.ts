// One process that follows many services.
import { EtcdClient, ServiceDirectory } from '@org/etcd-naming';
import { until } from '#src/testing/wait.js';
import type { Arrival } from '../support/followed.js';
import { Followed } from '../support/followed.js';
import { ownMemory } from '../support/memory.js';
import { serve } from '../support/serve.js';

const followed: Followed[] = [];
let directory: ServiceDirectory | undefined;

const commands = {
  connect(endpoint: string): void {
    directory = new ServiceDirectory(new EtcdClient({ endpoints: [endpoint] }));
  },

  /** Returns the milliseconds until each service has a view with `size` endpoints. */
  async follow(targets: readonly string[], size: number): Promise<number> {
    const began = performance.now();
    const added = targets.map((target) => new Followed(connected(), target));
    followed.push(...added);
    await until('complete views', { timeoutMs: 180_000 }, () => added.every((one) => one.size === size));
    return performance.now() - began;
  },

  /** Returns the milliseconds until the watch of each service is up. */
  async untilLive(): Promise<number> {
    const began = performance.now();
    const isLive = ({ target }: Followed) => connected().status(target).source === 'live';
    await until('watches', { timeoutMs: 180_000 }, () => followed.every(isLive));
    return performance.now() - began;
  },

  memory: ownMemory,

  /** When each service showed the revision, by target. */
  async arrivals(revisions: ReadonlyMap<string, bigint>): Promise<Map<string, Arrival>> {
    const arrivalOf = ({ target, arrivals }: Followed) =>
      arrivals.find(({ revision }) => revision >= (revisions.get(target) ?? 0n));
    await until('the changes', { timeoutMs: 60_000 }, () => followed.every(arrivalOf));
    return new Map(followed.flatMap((one) => [[one.target, arrivalOf(one) as Arrival] as const]));
  },

  lines: () => new Map(followed.map((one) => [one.target, one.lines])),

  violations: () => followed.flatMap(({ violation }) => violation ?? []),
};
export type TargetsCommands = typeof commands;

function connected(): ServiceDirectory {
  if (!directory) throw new Error('not connected');
  return directory;
}

serve(commands);
