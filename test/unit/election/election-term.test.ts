import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { pending } from '#src/async/index.js';
import { ElectionTerm } from '#src/election/election-term.js';
import { AmbiguousWriteError, DeadlineError, errorFromServer } from '#src/errors/index.js';
import type { Txn, TxnResult, WriteCallOptions } from '#src/kv/index.js';
import type { Ownership } from '#src/lock/index.js';
import { eventually } from '../../support/eventually.js';

const lease = 7n;
const key = Buffer.from('jobs/7');

/** The own key in a store, and the transactions of a term on it, whose guard holds. */
class FakeKey {
  value = 'first';
  lease = lease;
  modRevision = 10n;
  readonly sent: { readonly txn: Txn; readonly options: WriteCallOptions | undefined }[] = [];
  /** Called for each transaction before it is applied. */
  before: (number: number) => Promise<void> | void = () => {};

  readonly ownership = {
    ...{ key, leaseId: lease },
    txn: async (txn: Txn, options?: WriteCallOptions): Promise<TxnResult> => {
      this.sent.push({ txn, options });
      await this.before(this.sent.length);
      options?.signal?.throwIfAborted();
      return this.apply(txn);
    },
  } as unknown as Ownership;

  apply({ compare: [compare] = [], success: [put] = [] }: Txn): TxnResult {
    assert.ok(compare?.target === 'mod' && put?.type === 'put');
    if (compare.value === this.modRevision) {
      this.write(String(put.value), put.options?.lease ?? 0n);
      return {
        succeeded: true,
        results: [{ type: 'put', revision: this.modRevision, prevKv: undefined }],
        revision: this.modRevision,
      };
    }
    const kv = {
      ...{ key, value: Buffer.from(this.value), createRevision: 10n },
      ...{ modRevision: this.modRevision, version: 2n, lease: this.lease },
    };
    const revision = this.modRevision + 5n;
    const read = { type: 'range', kvs: [kv], more: false, count: 1n, revision } as const;
    return { succeeded: false, results: [read], revision };
  }

  write(value: string, newLease = lease): void {
    this.value = value;
    this.lease = newLease;
    this.modRevision += 3n;
  }
}

describe('a proclamation', () => {
  let store: FakeKey;
  let term: ElectionTerm;

  beforeEach(() => {
    store = new FakeKey();
    term = new ElectionTerm(store.ownership, 10n, 5_000);
  });

  it('that waits for an earlier one rejects after its own timeoutMs, and is not sent later', async () => {
    const answers = pending<void>();
    store.before = () => answers.promise;
    const first = term.proclaim('first');
    await assert.rejects(term.proclaim('late', { timeoutMs: 20 }), (error) => {
      assert.ok(error instanceof DeadlineError);
      assert.equal(error.verdict, 'not-applied');
      return true;
    });
    const reason = new Error('enough');
    const stop = new AbortController();
    const aborted = term.proclaim('aborted', { signal: stop.signal });
    const last = term.proclaim('last');
    stop.abort(reason);
    await assert.rejects(aborted, (error) => error === reason);
    assert.equal(store.sent.length, 1);
    answers.resolve();
    await Promise.all([first, last]);
    assert.deepEqual([store.sent.length, store.value], [2, 'last']);
  });

  it('that is sent late has what is left of its timeoutMs, by default of the client’s', async () => {
    const answers = pending<void>();
    store.before = (number) => (number === 1 ? answers.promise : undefined);
    const proclaimed = [term.proclaim('first'), term.proclaim('second', { timeoutMs: 10_000 })];
    const began = performance.now();
    await eventually('a part of the time has passed', () => performance.now() >= began + 30);
    answers.resolve();
    await Promise.all(proclaimed);
    const [first = 0, second = 0] = store.sent.map(({ options }) => options?.timeoutMs);
    assert.ok(first > 4_000 && first <= 5_000, `${first} ms`);
    assert.ok(second > 5_000 && second < 9_990, `${second} ms`);
  });

  it('whose deadline passes after it was sent rejects with AmbiguousWriteError', async () => {
    for (const verdict of ['maybe-applied', 'not-applied'] as const) {
      const late = new DeadlineError('late', { verdict });
      store.before = () => Promise.reject(late);
      await assert.rejects(term.proclaim('late'), (error) => {
        if (verdict === 'not-applied') return error === late;
        assert.ok(error instanceof AmbiguousWriteError);
        assert.deepEqual([error.operation, error.verdict, error.cause], ['Txn', 'maybe-applied', late]);
        return true;
      });
    }
  });

  const modRevisions = () => store.sent.map(({ txn }) => txn.compare?.[0]?.value);

  it('is written over the last known write only, with the lease, and may be sent twice', async () => {
    await term.proclaim('a');
    await term.proclaim('b');
    assert.deepEqual([store.value, store.lease, modRevisions()], ['b', lease, [10n, 13n]]);
    assert.ok(store.sent.every(({ options }) => options?.idempotent));
  });

  it('is not written again when an attempt whose answer was lost has written it', async () => {
    // The transaction is sent twice by the client: the second one fails its compare.
    store.before = (number) => {
      if (number === 1) store.apply(store.sent[0]!.txn);
    };
    await term.proclaim('a');
    assert.deepEqual([store.value, store.modRevision, store.sent.length], ['a', 13n, 1]);
    await term.proclaim('b');
    assert.deepEqual(modRevisions(), [10n, 13n]);
  });

  it('is not overwritten by a delayed attempt of an earlier one', async () => {
    store.before = (number) => {
      if (number === 1) throw errorFromServer(14, 'the connection was lost');
    };
    await assert.rejects(term.proclaim('a'));
    await term.proclaim('b');
    store.apply(store.sent[0]!.txn); // arrives late
    assert.equal(store.value, 'b');
  });

  it('is written after one whose answer was lost', async () => {
    store.before = (number) => {
      if (number > 1) return;
      store.apply(store.sent[0]!.txn);
      throw errorFromServer(14, 'the connection was lost');
    };
    await assert.rejects(term.proclaim('a'));
    await term.proclaim('b');
    assert.deepEqual([store.value, modRevisions()], ['b', [10n, 10n, 13n]]);
  });

  it('is written over what another client has written, and attaches the lease again', async () => {
    store.write('by hand', 0n);
    await term.proclaim('a');
    store.write('a', 0n);
    await term.proclaim('a');
    assert.deepEqual([store.value, store.lease, store.sent.length], ['a', lease, 4]);
  });

  it('waits for earlier ones, and not for its turn if its signal aborts', async () => {
    let release = () => {};
    store.before = async (number) => {
      if (number === 1) await new Promise<void>((resolve) => (release = resolve));
    };
    const abort = new AbortController();
    const first = term.proclaim('a');
    const aborted = term.proclaim('b', { signal: abort.signal });
    const third = term.proclaim('c');
    await setImmediate();
    assert.equal(store.sent.length, 1);
    const reason = new Error('enough');
    abort.abort(reason);
    await assert.rejects(aborted, (error) => error === reason);
    release();
    await Promise.all([first, third]);
    assert.deepEqual([store.value, store.modRevision], ['c', 16n]);
  });
});
