// One process with many watchers of a service, each with a client and a connection of its own.
import { ClosedError, EtcdClient, ServiceDirectory } from '@org/etcd-naming';
import { until } from '#src/testing/wait.js';
import { nowMs } from '../../chaos/naming/clock.js';
import { digestOf } from '../check/contents.js';
import { Followed } from '../support/followed.js';
import { serve } from '../support/serve.js';

/** The content of the service that every watcher must reach. */
export interface Expected {
  readonly revision: bigint;
  readonly size: number;
  readonly digest: string;
}

interface Watching {
  /** The revision of each event. */
  readonly revisions: bigint[];
  atMs: number;
}

const followed: Followed[] = [];
const watching: Watching[] = [];

const commands = {
  async open(endpoint: string, target: string, directories: number, watches: number): Promise<void> {
    const clients = Array.from({ length: directories }, () => new EtcdClient({ endpoints: [endpoint] }));
    followed.push(...clients.map((client) => new Followed(new ServiceDirectory(client), target)));
    for (let i = 0; i < watches; i++) await watch(new EtcdClient({ endpoints: [endpoint] }), target);
  },

  /** Resolves when all watchers have reached the content, with the time at which each had. */
  async reached(expected: Expected): Promise<number[]> {
    const reachedAt = [
      ...followed.map((one) => once(() => shows(one, expected) && one.arrivals.at(-1)?.atMs)),
      ...watching.map((one) => once(() => (one.revisions.at(-1) ?? 0n) >= expected.revision && one.atMs)),
    ];
    await until(`revision ${expected.revision}`, { timeoutMs: 60_000 }, () =>
      reachedAt.every((at) => at() !== undefined),
    );
    return reachedAt.map((at) => at() ?? Number.NaN);
  },

  lines: () => followed.map(({ lines }) => lines),
  views: () => followed.map(({ arrivals }) => arrivals.length),
  violations: () => followed.flatMap(({ violation }) => violation ?? []),
  unconfirmed: () => followed.map(({ unconfirmed }) => unconfirmed),
  /** The revisions of the events of each watch. */
  revisions: () => watching.map(({ revisions }) => revisions),

  cpuMs(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
};
export type WatchersCommands = typeof commands;

function shows(one: Followed, { revision, size, digest }: Expected): boolean {
  return one.size === size && one.arrivalOf(revision) !== undefined && digestOf(one.lines) === digest;
}

/** Keeps the first time that the probe returns. */
function once(probe: () => number | false | undefined): () => number | undefined {
  let at: number | undefined;
  return () => {
    at ??= probe() || undefined;
    return at;
  };
}

async function watch(client: EtcdClient, target: string): Promise<void> {
  const watcher = client.watch({ prefix: `${target}/` });
  const one: Watching = { revisions: [], atMs: 0 };
  const read = async () => {
    for await (const { events } of watcher) {
      one.revisions.push(...events.map(({ kv }) => kv.modRevision));
      one.atMs = nowMs();
    }
  };
  read().catch((error) => {
    if (!(error instanceof ClosedError)) throw error;
  });
  await watcher.ready;
  watching.push(one);
}

serve(commands);
