import { type ClientDiagnostics, diagnosticsOf } from '#src/diagnostics/index.js';
import { ClosedError, type EtcdError } from '#src/errors/index.js';
import {
  lastValuesOption,
  type MirrorOptions,
  type MirrorStatus,
  type MirrorUpdate,
} from '#src/mirror/index.js';
import type { KeyRange, KeyValue } from '#src/model/index.js';
import type { NamingClient } from '#src/naming/index.js';

/** A mirror whose updates, status and failures the test provides. */
export class FakeMirror implements AsyncIterable<MirrorUpdate> {
  readonly prefix: string;
  readonly options: MirrorOptions;
  readonly #updates: { readonly update: MirrorUpdate; readonly lastValues: Map<string, KeyValue> }[] = [];
  #failure: unknown;
  #wake: () => void = () => {};
  #revision = 1n;

  constructor(range: KeyRange, options: MirrorOptions) {
    this.prefix = 'prefix' in range ? String(range.prefix) : '';
    this.options = options;
    options.signal?.addEventListener('abort', () => this.#wake());
  }

  /** The status that the directory reads. */
  fresh = true;
  forMs = 3_600_000;
  reconnects = 0;

  status(): MirrorStatus {
    return { fresh: this.fresh, forMs: this.forMs, revision: this.#revision, reconnects: this.reconnects };
  }

  /** The number of verifications. */
  reads = 0;
  /** The result of a verification; undefined: etcd does not answer. */
  answer: (() => Promise<boolean>) | undefined = async () => true;

  verify({ signal }: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    this.reads++;
    if (this.answer) return this.answer();
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  }

  get hasEnded(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  /** A snapshot with these addresses; each record's id is its address. */
  snapshot(...addrs: string[]): void {
    this.values(Object.fromEntries(addrs.map((addr) => [addr, JSON.stringify({ Addr: addr })])));
  }

  /** A snapshot with these values, by id. */
  values(values: Readonly<Record<string, string>>): void {
    const kvs = Object.entries(values).map(([id, value]) => this.#kv(id, value));
    this.push({ type: 'snapshot', reason: 'initial', revision: ++this.#revision, kvs: new Map(kvs) });
  }

  /** A resync with these addresses. */
  resync(...addrs: string[]): void {
    const kvs = addrs.map((addr) => this.#kv(addr, JSON.stringify({ Addr: addr })));
    this.push({ type: 'snapshot', reason: 'rolled-back', revision: ++this.#revision, kvs: new Map(kvs) });
  }

  put(id: string, value: string, lease = 0n): void {
    const puts = new Map([this.#kv(id, value, lease)]);
    this.push({ type: 'delta', revision: ++this.#revision, puts, deletes: new Set() });
  }

  /** @param last The value that was put since the update before. */
  remove(id: string, last?: string): void {
    const deletes = new Set([`${this.prefix}${id}`]);
    const lastValues = last === undefined ? [] : [this.#kv(id, last)];
    this.push({ type: 'delta', revision: ++this.#revision, puts: new Map(), deletes }, new Map(lastValues));
  }

  /** A list failed and will be retried. */
  failure(error: EtcdError): void {
    this.options.onFailure?.(error);
  }

  /** Ends the mirror with the error. */
  fail(error: unknown): void {
    this.#failure = error;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MirrorUpdate, undefined> {
    for (;;) {
      this.options.signal?.throwIfAborted();
      if (this.#failure) throw this.#failure;
      const next = this.#updates.shift();
      if (next) {
        if (next.lastValues.size > 0) lastValuesOption.get(this.options)?.(next.lastValues);
        yield next.update;
      } else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #kv(id: string, value: string, lease = 0n): [string, KeyValue] {
    const key = Buffer.from(this.prefix + id);
    const numbers = { createRevision: 1n, modRevision: this.#revision, version: 1n, lease };
    return [this.prefix + id, { key, value: Buffer.from(value), ...numbers }];
  }

  push(update: MirrorUpdate, lastValues = new Map<string, KeyValue>()): void {
    this.#updates.push({ update, lastValues });
    this.#wake();
  }
}

/** An etcd client that has only mirrors, the silence check and look-ups of leases. */
export class FakeClient {
  readonly mirrors: FakeMirror[] = [];
  closed = false;
  readonly #onClose = new Set<() => void>();

  /** The client's type in the modules. */
  get client(): NamingClient {
    return this as unknown as NamingClient;
  }

  /** The number of silence checks; all other reads are the mirrors'. */
  reads = 0;
  /** The answer of a silence check; undefined: etcd does not answer. */
  answer: (() => Promise<unknown>) | undefined = async () => ({});

  readonly kv = {
    range: (_: string, { signal }: { readonly signal: AbortSignal }): Promise<unknown> => {
      this.reads++;
      if (this.answer) return this.answer();
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  };

  /** The leases that were looked up. */
  readonly leasesAsked: bigint[] = [];
  /** The answer of a look-up: undefined for a lease that has ended. */
  timeToLive: () => Promise<object | undefined> = async () => undefined;

  readonly lease = {
    timeToLive: (id: bigint): Promise<object | undefined> => {
      this.leasesAsked.push(id);
      return this.timeToLive();
    },
  };

  get diagnostics(): ClientDiagnostics {
    return diagnosticsOf(this);
  }

  mirror(range: KeyRange, options: MirrorOptions = {}): FakeMirror {
    if (this.closed) throw new ClosedError('the client');
    const mirror = new FakeMirror(range, options);
    this.mirrors.push(mirror);
    return mirror;
  }

  get closeListeners(): number {
    return this.#onClose.size;
  }

  onClose(callback: () => void): () => void {
    this.#onClose.add(callback);
    return () => this.#onClose.delete(callback);
  }

  close(): void {
    this.closed = true;
    for (const callback of this.#onClose) callback();
  }
}

/** Runs everything that is queued, but no timer. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
