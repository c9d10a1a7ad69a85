import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { ClientDiagnostics } from '#src/diagnostics/index.js';
import type { TxnResult } from '#src/kv/index.js';
import type { HeldLease, LeaseEnd } from '#src/lease/index.js';
import { LockLostError } from '#src/lock/index.js';
import { acquire } from '#src/lock/queue/acquire.js';
import type { QueueClient } from '#src/lock/queue/ports.js';
import type { InternalWatchBatch } from '#src/watch/index.js';
import { eventually } from '../../support/eventually.js';
import { joinedAt, kv, lease as leaseId, predecessor, result } from './scripted-acquisition.js';

/** A lease that ends when `held` is read after its time, as a real one does after a blocked event loop. */
class FakeLease implements HeldLease {
  readonly id = leaseId;
  readonly ttlSeconds = 2;
  readonly ended = new Promise<LeaseEnd>(() => {});
  readonly #controller = new AbortController();
  revokes = 0;
  isExpired = false;

  get held(): boolean {
    if (this.isExpired) this.#controller.abort({ reason: 'lost-contact', unacknowledgedMs: 4_000 });
    return !this.isExpired;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  revoke(): Promise<void> {
    this.revokes++;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.revoke();
  }
}

/** A client whose transactions are answered by the test. */
function fakeClient(lease: HeldLease, txn: () => Promise<TxnResult>): QueueClient {
  const never = () => new Promise<never>(() => {});
  return {
    kv: { txn, get: never, range: never },
    lease: { hold: () => Promise.resolve(lease) },
    diagnostics: new ClientDiagnostics({ name: 'test' }),
    watch: () => {
      const ended = { next: never, return: () => Promise.resolve({ done: true as const, value: undefined }) };
      return { [Symbol.asyncIterator]: () => ended, close: () => Promise.resolve() } as never;
    },
  };
}

const request = {
  kind: 'lock',
  name: Buffer.from('jobs'),
  what: 'the lock',
  value: Buffer.alloc(0),
  ttlSeconds: 2,
  mode: 'wait',
  requeue: false,
  timeoutMs: Number.POSITIVE_INFINITY,
  signal: undefined,
} as const;

describe('an acquisition whose answer waited while the process was blocked', () => {
  it('is refused if the lease has expired meanwhile, and leaves', async () => {
    const lease = new FakeLease();
    const client = fakeClient(lease, () => {
      lease.isExpired = true;
      return Promise.resolve(joinedAt(9n));
    });
    await assert.rejects(acquire(client, request), (error: LockLostError) => {
      assert.ok(error instanceof LockLostError);
      assert.equal(error.loss, 'lost-contact');
      return true;
    });
    assert.equal(lease.revokes, 1);
  });
});

describe('an ownership', () => {
  it('is acquired only once: an abort in the same turn does not lose it', async () => {
    const leaving = new AbortController();
    const lease = new FakeLease();
    const client = fakeClient(lease, () => {
      const answer = Promise.resolve(joinedAt(9n));
      // After the answer has been passed on, and before the caller continues.
      void answer.then(() => queueMicrotask(() => leaving.abort(new Error('late'))));
      return answer;
    });
    const ownership = await acquire(client, { ...request, signal: leaving.signal });
    assert.equal(ownership?.held, true);
    assert.equal(lease.revokes, 0);
  });

  it('has aborted its signal when held is read as false for the first time', async () => {
    const lease = new FakeLease();
    const ownership = await acquire(
      fakeClient(lease, () => Promise.resolve(joinedAt(9n))),
      request,
    );
    assert.ok(ownership);
    const { signal } = ownership;
    assert.equal(ownership.held, true);
    lease.isExpired = true;
    assert.equal(ownership.held, false);
    assert.ok(signal.reason instanceof LockLostError);
  });
});

describe('a lock whose key survives when the store is restored from a backup', () => {
  it('reads its queue once, and then follows its key in the restored store', async () => {
    const own = kv('jobs/4d', 9n);
    const answers = [joinedAt(9n, predecessor), result(20n, [own], [])];
    const checks: bigint[] = [];
    const closed: string[] = [];
    let reads = 0;
    let restore = () => {};
    const restored = new Promise<void>((resolve) => {
      restore = resolve;
    });
    async function* batchesOf(key: string): AsyncGenerator<InternalWatchBatch> {
      if (key === 'jobs/4d') {
        await restored;
        yield { events: [], nextRevision: 12n, resumed: true };
      } else {
        yield { events: [{ type: 'delete', kv: kv(key, 15n) }], nextRevision: 16n };
      }
      await new Promise(() => {});
    }
    const fake = fakeClient(new FakeLease(), () => {
      const answer = answers.shift() ?? result(12n, [own], []);
      checks.push(answer.revision);
      return Promise.resolve(answer);
    });
    const get = () => {
      reads++;
      return Promise.resolve({ kv: own, revision: 12n });
    };
    const watch = (range: Buffer) => {
      const key = range.toString();
      const batches = batchesOf(key);
      const close = () => Promise.resolve(void closed.push(key));
      return { [Symbol.asyncIterator]: () => batches, close } as never;
    };
    const ownership = await acquire({ ...fake, kv: { ...fake.kv, get }, watch } as QueueClient, request);
    restore();
    await eventually('the key is read in the restored store', () => reads === 2);
    await setImmediate();
    assert.equal(ownership?.held, true);
    assert.deepEqual(checks, [9n, 20n, 12n]);
    assert.deepEqual(closed, ['jobs/1', 'jobs/4d']);
  });
});
