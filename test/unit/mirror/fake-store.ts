import { raceAbort } from '#src/async/index.js';
import { ClientDiagnostics } from '#src/diagnostics/index.js';
import type { RangeResult } from '#src/kv/index.js';
import { MirrorImpl, type MirrorOptions, type MirrorPorts, type MirrorUpdate } from '#src/mirror/index.js';
import { type KeyRange, type KeyValue, type WatchEvent, withJson } from '#src/model/index.js';
import type { InternalWatcher } from '#src/watch/index.js';
import { SteppedClock } from './stepped-clock.js';

type ReadOptions = Parameters<MirrorPorts['kv']['range']>[1];
type WatchOptions = Parameters<MirrorPorts['watch']['watch']>[1];
type Batch = Awaited<
  ReturnType<AsyncIterator<{ events: readonly WatchEvent[]; nextRevision: bigint }>['next']>
>;

/** One watch of the store. The test decides when it is live and what it receives. */
export class FakeWatcher {
  readonly options: WatchOptions;
  live = false;
  liveChangedAt: number | undefined;
  closed = false;
  readonly #queue: { events: readonly WatchEvent[]; nextRevision: bigint; resumed?: boolean }[] = [];
  #failure: unknown;
  #wake: () => void = () => {};

  constructor(options: WatchOptions) {
    this.options = options;
    options?.signal?.addEventListener('abort', () => this.fail(options.signal?.reason));
  }

  setLive(live: boolean, at = 0): void {
    this.live = live;
    this.liveChangedAt = at;
  }

  /** The watch is live, for the first time or again, and has received everything below `nextRevision`. */
  resume(nextRevision: bigint): void {
    this.setLive(true);
    this.push([], nextRevision, true);
  }

  push(events: readonly WatchEvent[], nextRevision: bigint, resumed = false): void {
    this.#queue.push({ events, nextRevision, ...(resumed ? { resumed } : {}) });
    this.#wake();
  }

  fail(error: unknown): void {
    this.#failure ??= error;
    this.#wake();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch['value'], undefined> {
    for (;;) {
      const batch = this.#queue.shift();
      if (batch) yield batch;
      else if (this.#failure !== undefined) throw this.#failure;
      else if (this.closed) return undefined;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** A store with the keys of a mirror. Its state at each revision is kept. Reads fail with the errors in `failures`. */
export class FakeStore {
  /** The mirrors' clock. */
  readonly time = new SteppedClock();
  revision = 10n;
  epoch = 0;
  /** The errors of the next reads; undefined for a read that succeeds. */
  readonly failures: unknown[] = [];
  readonly lists: Parameters<MirrorPorts['kv']['stream']>[1][] = [];
  readonly reads: ReadOptions[] = [];
  readonly watchers: FakeWatcher[] = [];
  #kvs = new Map<string, KeyValue>();
  #states = new Map<bigint, ReadonlyMap<string, KeyValue>>();
  /** Called by each read before it is answered. */
  onRead: () => Promise<void> | void = () => {};

  get watcher(): FakeWatcher {
    return this.watchers.at(-1)!;
  }

  /** Stores a key, and returns the event. */
  put(key: string, value = 'v'): WatchEvent {
    const known = this.#kvs.get(key);
    this.revision++;
    const kv: KeyValue = withJson({
      key: Buffer.from(key),
      value: Buffer.from(value),
      createRevision: known?.createRevision ?? this.revision,
      modRevision: this.revision,
      version: (known?.version ?? 0n) + 1n,
      lease: 0n,
    });
    this.#set(new Map(this.#kvs).set(key, kv));
    return { type: 'put', kv };
  }

  delete(key: string): WatchEvent {
    this.revision++;
    const kvs = new Map(this.#kvs);
    kvs.delete(key);
    this.#set(kvs);
    const gone = { createRevision: 0n, modRevision: this.revision, version: 0n, lease: 0n };
    return { type: 'delete', kv: { key: Buffer.from(key), value: Buffer.alloc(0), ...gone } };
  }

  /** Another part of the store is written. */
  advance(by = 1n): void {
    this.revision += by;
  }

  /** An empty store with another history, which is at the revision. */
  wipe(revision: bigint): void {
    this.#states.clear();
    this.revision = revision;
    this.#set(new Map());
  }

  #set(kvs: Map<string, KeyValue>): void {
    this.#kvs = kvs;
    this.#states.set(this.revision, kvs);
  }

  /** An earlier state of this store, as restored from a backup, at a revision that the store has reached again. */
  restore(from: bigint, revision: bigint): void {
    const kvs = this.#stateAt(from);
    this.#states.clear();
    this.revision = revision;
    this.#set(new Map(kvs));
  }

  #stateAt(revision: bigint): ReadonlyMap<string, KeyValue> {
    const known = [...this.#states.keys()].filter((at) => at <= revision).sort((a, b) => Number(a - b));
    return this.#states.get(known.at(-1) ?? -1n) ?? new Map();
  }

  /** What a mirror uses of its client. */
  ports(fields: Partial<MirrorPorts> = {}): MirrorPorts {
    const store = this;
    return {
      kv: {
        range: (_, options) => store.#range(options),
        stream: (_, options) => store.#stream(options),
      },
      watch: { watch: (_, options) => store.#watch(options) },
      store: {
        get epoch() {
          return store.epoch;
        },
      },
      random: () => 0,
      diagnostics: new ClientDiagnostics({ name: 'fake' }),
      clock: store.time,
      ...fields,
    } as MirrorPorts;
  }

  async #answer(options: ReadOptions): Promise<void> {
    if (this.lists.length + this.reads.length > 1_000) throw new Error('more than 1,000 reads');
    await raceAbort(Promise.resolve(this.onRead()), options?.signal);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }

  async #range(options: ReadOptions): Promise<RangeResult> {
    this.reads.push(options);
    await this.#answer(options);
    const { revision = 0n } = options ?? {};
    const kvs = [...this.#stateAt(revision || this.revision).values()];
    const [first] = kvs.sort(
      options?.sort?.by === 'create'
        ? (a, b) => Number(a.createRevision - b.createRevision)
        : (a, b) => Number(b.modRevision - a.modRevision),
    );
    return {
      kvs: first ? [first] : [],
      more: kvs.length > 1,
      count: BigInt(kvs.length),
      revision: this.revision,
    };
  }

  async *#stream(options: ReadOptions) {
    this.lists.push(options);
    await this.#answer(options);
    const { revision } = this;
    const kvs = [...this.#kvs.values()];
    yield { kvs: kvs.slice(0, 1), revision };
    if (kvs.length > 1) yield { kvs: kvs.slice(1), revision };
  }

  #watch(options: WatchOptions): InternalWatcher {
    const watcher = new FakeWatcher(options);
    this.watchers.push(watcher);
    return watcher as unknown as InternalWatcher;
  }
}

export interface Follower {
  readonly mirror: MirrorImpl;
  readonly iteration: AsyncGenerator<MirrorUpdate, undefined>;
  /** The updates that the reader has received, as texts: `snapshot initial 10: a=v`, `delta 11: +a=v -b`. */
  readonly received: string[];
  /** The iteration's end: undefined, or its error. */
  readonly ended: Promise<unknown>;
  readonly error: () => unknown;
  /** Lets the time pass until the reader has received this many updates. */
  readonly receives: (count: number) => Promise<void>;
}

/** A mirror of the store and a reader that reads each update at once. */
export function follow(
  store: FakeStore,
  options?: MirrorOptions,
  ports: Partial<MirrorPorts> = {},
  range: KeyRange = { prefix: '' },
): Follower {
  const mirror = new MirrorImpl(store.ports(ports), range, options);
  const iteration = mirror[Symbol.asyncIterator]();
  const received: string[] = [];
  let failure: unknown;
  const read = async () => {
    for await (const update of iteration) received.push(describeUpdate(update));
  };
  const ended = read().catch((error: unknown) => {
    failure = error;
    return error;
  });
  const receives = (count: number) => store.time.passUntil(`update ${count}`, () => received.length >= count);
  return { mirror, iteration, received, ended, error: () => failure, receives };
}

function describeUpdate(update: MirrorUpdate): string {
  const text = (kvs: ReadonlyMap<string, KeyValue>) => [...kvs].map(([key, { value }]) => `${key}=${value}`);
  if (update.type === 'snapshot')
    return `${update.type} ${update.reason} ${update.revision}: ${text(update.kvs).join(' ')}`;
  const puts = text(update.puts).map((put) => `+${put}`);
  const deletes = [...update.deletes].map((key) => `-${key}`);
  return `${update.type} ${update.revision}: ${[...puts, ...deletes].join(' ')}`;
}
