import assert from 'node:assert/strict';
import {
  Code,
  CompactedError,
  DeadlineError,
  EtcdError,
  errorFor,
  RolledBackError,
  StoreReplacedError,
} from '#src/errors/index.js';
import { MirrorImpl } from '#src/mirror/index.js';
import { retainOption } from '#src/mirror/options.js';
import type { KeyValue } from '#src/model/index.js';
import { settled } from '../watch/fake-watch.js';
import { FakeStore, type Follower, follow } from './fake-store.js';

describe('a mirror', () => {
  let store: FakeStore;
  let one: Follower;
  beforeEach(async () => {
    store = new FakeStore();
    store.put('a', '1');
    store.put('b', '2');
    one = follow(store);
    await settled();
  });
  afterEach(() => one.iteration.return(undefined));

  /** The watch receives the events, and is then complete up to the store's revision. */
  const receive = async (...events: Parameters<typeof store.watcher.push>[0][number][]) => {
    store.watcher.push(events, store.revision + 1n);
    await settled();
  };
  const live = async () => {
    store.watcher.resume(store.revision + 1n);
    await settled();
  };

  it('yields all keys at one revision, and watches from the next one on', () => {
    assert.deepEqual(one.received, ['snapshot initial 12: a=1 b=2']);
    const { startRevision, knownRevision, progress, resumptions } = store.watcher.options!;
    assert.deepEqual([startRevision, knownRevision, progress, resumptions], [13n, 12n, true, true]);
    assert.deepEqual([...one.mirror.kvs.keys()], ['a', 'b']);
    assert.equal(one.mirror.status().revision, 12n);
  });

  it('yields the changes that the watch receives', async () => {
    await live();
    await receive(store.put('c', '3'));
    const deleted = store.delete('a');
    store.advance(5n);
    await receive(deleted);
    assert.deepEqual(one.received.slice(1), ['delta 13: +c=3', 'delta 19: -a']);
    assert.equal(one.mirror.status().revision, 19n);
    assert.deepEqual([...one.mirror.kvs.keys()], ['b', 'c']);
  });

  it('yields one delta for the changes that arrive together', async () => {
    await receive(store.put('c', '3'), store.put('d', '4'), store.delete('c'));
    assert.deepEqual(one.received.slice(1), ['delta 15: +d=4 -c']);
  });

  it('yields nothing for progress, but includes its revision', async () => {
    await live();
    store.advance(7n);
    await receive();
    assert.deepEqual([one.received.length, one.mirror.status().revision], [1, 19n]);
  });

  it('yields a snapshot that stays as it is, and results that JSON can write', async () => {
    const mirror = new MirrorImpl(store.ports(), { prefix: '' });
    const updates = mirror[Symbol.asyncIterator]();
    const { value: snapshot } = await updates.next();
    assert.ok(snapshot?.type === 'snapshot');
    const next = updates.next();
    await settled();
    store.watcher.push([store.put('c', '3')], 14n);
    const { value: delta } = await next;
    assert.deepEqual([...snapshot.kvs.keys()], ['a', 'b']);
    for (const result of [snapshot, delta, mirror.status()]) assert.match(JSON.stringify(result), /1[23]/);
    await updates.return(undefined);
  });

  for (const [what, gap] of [
    ['a put skips a version', () => store.put('a', '9')],
    ['a deleted key is unknown', () => store.delete('x')],
  ] as const) {
    it(`lists again if an event shows that earlier ones are missing: ${what}`, async () => {
      await live();
      store.put('a', '8');
      await receive(gap());
      await one.receives(2);
      assert.match(one.received[1] ?? '', /^snapshot gap 14: /);
      assert.deepEqual([store.lists.length, store.watchers.length], [2, 2]);
    });
  }

  for (const [error, reason] of [
    [new CompactedError('mvcc: required revision has been compacted', 20n), 'compacted'],
    [new RolledBackError(12n, 5n), 'rolled-back'],
    [new StoreReplacedError('another store'), 'rolled-back'],
    [errorFor('FutureRev'), 'rolled-back'],
  ] as const) {
    it(`lists again if its watch ends with ${error.name} (${error.reason ?? reason})`, async () => {
      store.put('c', '3');
      store.watcher.fail(error);
      await one.receives(2);
      assert.deepEqual(one.received.slice(1), [`snapshot ${reason} 13: a=1 b=2 c=3`]);
      assert.equal(store.watcher.options?.startRevision, 14n);
    });
  }

  it('ends with any other error of its watch', async () => {
    const error = errorFor('PermissionDenied');
    store.watcher.fail(error);
    assert.equal(await one.ended, error);
    const other = follow(store);
    await settled();
    const bug = new TypeError('a bug');
    store.watcher.fail(bug);
    assert.equal(await other.ended, bug);
  });

  it('ends its watch when its reader stops, and then waits for nothing', async () => {
    const { watcher } = store;
    await one.iteration.return(undefined);
    await one.ended;
    assert.equal(watcher.options?.signal?.aborted, true);
    await assert.rejects(one.mirror.waitForRevision(99n), /the mirror is closed/);
  });

  it('can be stopped by its own signal, whose reason the reader gets', async () => {
    const stop = new AbortController();
    const other = follow(store, { signal: stop.signal });
    await settled();
    const reason = new Error('enough');
    stop.abort(reason);
    assert.equal(await other.ended, reason);
  });

  it('survives a replacement of the store that is found before its watch starts', async () => {
    const replaced = new FakeStore();
    replaced.onRead = () => {
      replaced.onRead = () => {};
      replaced.epoch++;
    };
    const other = follow(replaced);
    await other.receives(2);
    assert.deepEqual(other.received, ['snapshot initial 10: ', 'snapshot rolled-back 10: ']);
    assert.equal(replaced.watchers.length, 1);
    await other.iteration.return(undefined);
  });
});

describe('a mirror with eachRevision', () => {
  it('yields one delta for each revision, with whole transactions', async () => {
    const store = new FakeStore();
    const one = follow(store, { eachRevision: true });
    await settled();
    const first = store.put('a', '1');
    const [second, sibling] = [store.put('b', '2'), store.put('c', '3')];
    store.revision = 12n;
    const inOne = { ...sibling, kv: { ...sibling.kv, modRevision: 12n, createRevision: 12n } };
    store.watcher.push([first, second, inOne], 20n);
    await settled();
    assert.deepEqual(one.received.slice(1), ['delta 11: +a=1', 'delta 19: +b=2 +c=3']);
    await one.iteration.return(undefined);
  });
});

describe('a mirror with retain', () => {
  it('keeps and yields what it returns, of the list and of the events', async () => {
    const store = new FakeStore();
    store.put('a', 'long');
    const retain = (kv: KeyValue) => ({ ...kv, value: Buffer.from(kv.value.toString().slice(0, 1)) });
    const one = follow(store, retainOption.set({}, retain));
    await settled();
    store.watcher.push([store.put('b', 'text')], 13n);
    store.watcher.resume(13n);
    await settled();
    assert.deepEqual(one.received, ['snapshot initial 11: a=l', 'delta 12: +b=t'], 'and the store matches');
    await one.iteration.return(undefined);
  });
});

describe('a list of a mirror that fails', () => {
  for (const error of [
    new DeadlineError('Range was not answered in time'),
    errorFor('NoLeader'),
    new CompactedError('mvcc: required revision has been compacted', 20n),
  ]) {
    it(`is repeated after ${error.message}, and reported`, async () => {
      const store = new FakeStore();
      store.failures.push(error, error);
      const reported: EtcdError[] = [];
      const one = follow(store, { onFailure: (failure) => reported.push(failure) });
      await one.receives(1);
      assert.deepEqual([one.received, reported], [['snapshot initial 10: '], [error, error]]);
      await one.iteration.return(undefined);
    });
  }

  it('has a short timeout only for its first attempt, so that the failure is reported early', async () => {
    const store = new FakeStore();
    store.failures.push(errorFor('NoLeader'));
    const one = follow(store);
    await one.receives(1);
    assert.deepEqual(
      store.lists.map((options) => options?.timeoutMs),
      [4_000, undefined],
    );
    assert.ok(store.lists.every((options) => options?.signal instanceof AbortSignal));
    await one.iteration.return(undefined);
  });

  it('prints no warning if no one is to be called', async () => {
    const store = new FakeStore();
    store.failures.push(errorFor('NoLeader'));
    const warnings: unknown[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on('warning', note);
    const one = follow(store);
    await one.receives(1);
    process.off('warning', note);
    assert.deepEqual(warnings, []);
    await one.iteration.return(undefined);
  });

  it('ends the mirror if no retry can succeed', async () => {
    for (const error of [
      errorFor('PermissionDenied'),
      errorFor('InvalidAuthToken'),
      new EtcdError('too large', { code: Code.OUT_OF_RANGE, verdict: 'not-applied' }),
      new TypeError('a bug'),
    ]) {
      const store = new FakeStore();
      store.failures.push(error);
      const one = follow(store);
      assert.equal(await one.ended, error);
      assert.equal(store.lists.length, 1);
    }
  });

  it('is repeated after pauses that grow', async () => {
    const store = new FakeStore();
    store.failures.push(errorFor('NoLeader'), errorFor('NoLeader'));
    const one = follow(store, {}, { random: () => 0.5 });
    await store.time.pass(99);
    assert.equal(store.lists.length, 1);
    await store.time.pass(1);
    assert.equal(store.lists.length, 2);
    await store.time.pass(199);
    assert.equal(store.lists.length, 2);
    await store.time.pass(1);
    assert.deepEqual(one.received, ['snapshot initial 10: ']);
    await one.iteration.return(undefined);
  });

  it('ends when the reader stops during a pause', async () => {
    const store = new FakeStore();
    store.failures.push(errorFor('NoLeader'));
    const one = follow(store, {}, { random: () => 0.99 });
    await settled();
    await one.iteration.return(undefined);
    await one.ended;
    assert.equal(store.lists.length, 1);
  });

  it('ends with the client’s reason when that closes during a pause', async () => {
    const store = new FakeStore();
    store.failures.push(errorFor('NoLeader'));
    const closing = new AbortController();
    const one = follow(store, {}, { random: () => 0.99, closing: closing.signal });
    await settled();
    const reason = new Error('the client is closed');
    closing.abort(reason);
    assert.equal(await one.ended, reason);
  });

  it('uses the size of the first page that its options name', async () => {
    const store = new FakeStore();
    const [one, other] = [follow(store, { pageSize: 3 }), follow(store)];
    await settled();
    assert.deepEqual([store.lists[0]?.pageSize, 'pageSize' in (store.lists[1] ?? {})], [3, false]);
    await Promise.all([one.iteration.return(undefined), other.iteration.return(undefined)]);
  });
});

describe('a mirror whose watch resumes', () => {
  let store: FakeStore;
  let one: Follower;
  beforeEach(async () => {
    store = new FakeStore();
    store.put('a', '1');
    one = follow(store);
    await settled();
    store.watcher.resume(12n);
    await settled();
  });
  afterEach(() => one.iteration.return(undefined));
  const resume = async (nextRevision = store.revision + 1n) => {
    store.watcher.resume(nextRevision);
    await settled();
  };

  it('verifies each time that the store still has the same keys at the last received revision', async () => {
    assert.deepEqual(
      store.reads.map((options) => [options?.revision, options?.limit, options?.sort]),
      [[11n, 1, { by: 'mod', order: 'descend' }]],
    );
    store.put('b', '2'); // not received yet
    await resume(12n);
    assert.deepEqual([store.reads.at(-1)?.revision, one.received.length], [11n, 1]);
  });

  it('counts the reconnects, without the start', async () => {
    assert.equal(one.mirror.status().reconnects, 0);
    await resume();
    await resume();
    assert.equal(one.mirror.status().reconnects, 2);
    store.watcher.fail(new CompactedError('compacted', 20n));
    await one.receives(2);
    await resume();
    assert.equal(one.mirror.status().reconnects, 2, 'the start of another watch does not count');
  });

  it('lists again if the store was wiped and has reached that revision again', async () => {
    store.wipe(20n);
    await resume(12n);
    await one.receives(2);
    assert.deepEqual(one.received.slice(1), ['snapshot rolled-back 20: ']);
    assert.equal(store.watcher.options?.startRevision, 21n);
  });

  it('lists again if it cannot read that revision any more', async () => {
    for (const [i, [error, reason]] of [
      [new CompactedError('compacted', 20n), 'compacted'] as const,
      [errorFor('FutureRev'), 'rolled-back'] as const,
    ].entries()) {
      store.failures.push(error);
      await resume();
      await one.receives(i + 2);
      assert.equal(one.received.at(-1), `snapshot ${reason} 11: a=1`);
      await settled();
    }
  });

  it('repeats that read until etcd answers', async () => {
    store.failures.push(errorFor('NoLeader'), new DeadlineError('late'));
    store.watcher.resume(12n);
    store.watcher.push([store.put('b', '2')], 13n);
    await one.receives(2);
    assert.deepEqual(one.received.slice(1), ['delta 12: +b=2']);
  });

  it('ends with an error of that read that no retry fixes', async () => {
    const error = errorFor('PermissionDenied');
    store.failures.push(error);
    await resume();
    assert.equal(one.error(), error);
  });

  it('includes the revision up to which it has resumed', async () => {
    store.advance(9n);
    await resume();
    assert.equal(one.mirror.status().revision, 20n);
  });
});
