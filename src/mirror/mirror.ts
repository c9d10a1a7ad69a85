import { backoffDelay, delay } from '../async/index.js';
import { CompactedError, EtcdError, UnauthenticatedError } from '../errors/index.js';
import type { KvClient } from '../kv/index.js';
import { type KeyRange, type KeyValue, type Revision, toWireRange, type WatchEvent } from '../model/index.js';
import type { WatchClient } from '../watch/index.js';

/** Why a snapshot came: the first one, or history that the watch needed was compacted. */
export type ResyncReason = 'initial' | 'compacted';

/** What the mirror tells. Keys of maps and deletes are the key's bytes as latin1, so that no byte is lost. */
export type MirrorUpdate =
  | {
      /** All there is, also when that is nothing. */
      readonly type: 'snapshot';
      readonly reason: ResyncReason;
      readonly revision: Revision;
      readonly kvs: ReadonlyMap<string, KeyValue>;
    }
  | {
      /** What one or more whole revisions changed. A key stands in at most one of the two. */
      readonly type: 'delta';
      readonly revision: Revision;
      readonly puts: ReadonlyMap<string, KeyValue>;
      readonly deletes: ReadonlySet<string>;
    };

export interface MirrorOptions {
  /** Ends the mirror; the iteration rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** Keys asked for at a time when listing. Default 1,000, as etcd's own mirror. */
  readonly pageSize?: number;
  /** Told of each failed list, which is then tried again; what is known stays as it is. */
  readonly onTrouble?: ((error: EtcdError) => void) | undefined;
}

export interface MirrorPorts {
  readonly kv: Pick<KvClient, 'range'>;
  readonly watch: Pick<WatchClient, 'watch'>;
  readonly random: () => number;
}

/** The first list of all may take so long before its trouble is told; later ones have the client's full time. */
const firstListMs = 4_000;
const retryList = { baseMs: 200, maxMs: 5_000 };

/**
 * A range kept in memory: a linearizable list at one revision, then a watch from the next one. When history is lost
 * to compaction it lists again and says so with a new snapshot; an outage of any length it sits out. Iterate it
 * once. It ends by error only for what waiting cannot mend, such as a missing permission.
 */
export class Mirror implements AsyncIterable<MirrorUpdate> {
  readonly #ports: MirrorPorts;
  readonly #range: KeyRange;
  readonly #signal: AbortSignal | undefined;
  readonly #pageSize: number;
  readonly #onTrouble: ((error: EtcdError) => void) | undefined;
  readonly #kvs = new Map<string, KeyValue>();

  constructor(ports: MirrorPorts, range: KeyRange, options: MirrorOptions = {}) {
    this.#ports = ports;
    this.#range = range;
    this.#signal = options.signal;
    this.#pageSize = options.pageSize ?? 1_000;
    this.#onTrouble = options.onTrouble;
  }

  /** What is known now: live, changing with each update that is taken. */
  get kvs(): ReadonlyMap<string, KeyValue> {
    return this.#kvs;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MirrorUpdate, undefined> {
    let reason: ResyncReason = 'initial';
    for (;;) {
      const revision = await this.#list();
      yield { type: 'snapshot', reason, revision, kvs: new Map(this.#kvs) };
      try {
        yield* this.#follow(revision);
        return;
      } catch (error) {
        if (!(error instanceof CompactedError)) throw error;
        reason = 'compacted';
      }
    }
  }

  async *#follow(revision: Revision): AsyncGenerator<MirrorUpdate, void> {
    const watcher = this.#ports.watch.watch(this.#range, {
      startRevision: revision + 1n,
      signal: this.#signal,
    });
    for await (const { events, nextRevision } of watcher) yield this.#apply(events, nextRevision - 1n);
  }

  #apply(events: readonly WatchEvent[], revision: Revision): MirrorUpdate {
    const puts = new Map<string, KeyValue>();
    const deletes = new Set<string>();
    for (const { type, kv } of events) {
      const key = kv.key.toString('latin1');
      if (type === 'put') {
        this.#kvs.set(key, kv);
        deletes.delete(key);
        puts.set(key, kv);
      } else {
        this.#kvs.delete(key);
        puts.delete(key);
        deletes.add(key);
      }
    }
    return { type: 'delta', revision, puts, deletes };
  }

  /** Lists until it succeeds. Nothing of a list that failed half-way is kept. */
  async #list(): Promise<Revision> {
    for (let attempt = 0; ; attempt++) {
      try {
        const { kvs, revision } = await this.#listOnce(attempt === 0 ? firstListMs : undefined);
        this.#kvs.clear();
        for (const kv of kvs) this.#kvs.set(kv.key.toString('latin1'), kv);
        return revision;
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (!(error instanceof EtcdError)) throw error;
        if (!mayListAgain(error)) throw error;
        this.#onTrouble?.(error);
        await delay(backoffDelay(retryList, attempt, this.#ports.random), this.#signal);
      }
    }
  }

  /** In pages, all read at the first page's revision. */
  async #listOnce(timeoutMs: number | undefined): Promise<{ kvs: readonly KeyValue[]; revision: Revision }> {
    const { key: start, rangeEnd } = toWireRange(this.#range);
    const options = { limit: this.#pageSize, signal: this.#signal, ...(timeoutMs && { timeoutMs }) };
    const kvs: KeyValue[] = [];
    let revision = 0n;
    for (let key = start; ; ) {
      const page = await this.#ports.kv.range(rangeEnd.length > 0 ? { key, rangeEnd } : { key }, {
        ...options,
        revision,
      });
      kvs.push(...page.kvs);
      if (revision === 0n) revision = page.revision;
      const last = page.kvs[page.kvs.length - 1];
      if (!page.more || !last) return { kvs, revision };
      key = Buffer.concat([last.key, Buffer.of(0)]);
    }
  }
}

/** Whatever waiting may mend. A list cut by compaction starts over; bad credentials stay bad. */
function mayListAgain(error: EtcdError): boolean {
  if (error instanceof CompactedError) return true;
  return error.verdict !== 'final' && !(error instanceof UnauthenticatedError);
}
