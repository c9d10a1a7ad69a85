import type { KvClient, TxnResult } from '#src/kv/index.js';
import type { HeldLease, LeaseEnd } from '#src/lease/index.js';
import type { KeyValue } from '#src/model/index.js';
import type { NamingClient } from '#src/naming/index.js';
import type { WatchBatch } from '#src/watch/index.js';

/** The number of requests of each kind. */
export type RequestKind = 'grant' | 'txn' | 'get' | 'watch' | 'timeToLive';

/** A scripted etcd, for answers that a real one does not give on demand. */
export class FakeRegistry {
  readonly counts: Record<RequestKind, number> = { grant: 0, txn: 0, get: 0, watch: 0, timeToLive: 0 };
  /** The answer to a write: its revision, or the current record. */
  onTxn: () => bigint | readonly KeyValue[] = () => 10n;
  onGet: () => { readonly revision: bigint; readonly kv?: KeyValue } = () => ({ revision: 10n });
  /** The batches of a watch; it then stays silent until it is closed. */
  onWatch: () => Iterable<WatchBatch> = () => [];
  onTimeToLive: () => unknown = () => ({ remainingSeconds: 5 });

  openWatches = 0;
  /** Ends the lease that was granted last. */
  endLease: (end: LeaseEnd) => void = () => {};

  get requests(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  get lastLease(): bigint {
    return BigInt(this.counts.grant);
  }

  readonly client = {
    closed: false,
    onClose: () => () => {},
    mirror: () => {
      throw new Error('no mirror here');
    },
    kv: {
      txn: async () => {
        this.counts.txn++;
        await turn();
        const answer = this.onTxn();
        return typeof answer === 'bigint'
          ? { succeeded: true, revision: answer, results: [] }
          : ({
              succeeded: false,
              revision: 10n,
              results: [{ type: 'range', kvs: answer }],
            } as unknown as TxnResult);
      },
      get: async () => {
        this.counts.get++;
        await turn();
        return this.onGet();
      },
    } as unknown as KvClient,
    lease: {
      hold: async (): Promise<HeldLease> => {
        this.counts.grant++;
        await turn();
        return fakeLease(
          this.lastLease,
          new Promise((resolve) => {
            this.endLease = resolve;
          }),
        );
      },
      timeToLive: async () => {
        this.counts.timeToLive++;
        await turn();
        return this.onTimeToLive();
      },
    },
    watch: () => {
      this.counts.watch++;
      this.openWatches++;
      return fakeWatcher(this.onWatch(), () => this.openWatches--);
    },
  } as unknown as NamingClient;

  record(fields: Partial<KeyValue> & { readonly value: Buffer }): KeyValue {
    const key = Buffer.from('svc/e');
    return { key, createRevision: 10n, modRevision: 10n, version: 1n, lease: this.lastLease, ...fields };
  }
}

/** Yields to the event loop, so that requests without a pause do not block the process. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function fakeLease(id: bigint, ended: Promise<LeaseEnd>): HeldLease {
  const { signal } = new AbortController();
  const done = () => Promise.resolve();
  return {
    id,
    ttlSeconds: 10,
    held: true,
    signal,
    ended,
    revoke: done,
    close: done,
    [Symbol.asyncDispose]: done,
  };
}

function fakeWatcher(batches: Iterable<WatchBatch>, onClose: () => void) {
  let isClosed = false;
  let left: () => void = () => {};
  const over = new Promise<void>((resolve) => {
    left = resolve;
  });
  return {
    async close() {
      if (!isClosed) onClose();
      isClosed = true;
      left();
    },
    async *[Symbol.asyncIterator]() {
      await turn();
      for (const batch of batches) {
        if (isClosed) return;
        yield batch;
        await turn();
      }
      await over;
    },
  };
}
