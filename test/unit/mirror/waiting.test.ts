import assert from 'node:assert/strict';
import { errorFor } from '#src/errors/index.js';
import { MirrorImpl } from '#src/mirror/index.js';
import { settled } from '../watch/fake-watch.js';
import { FakeStore, type Follower, follow } from './fake-store.js';

describe('a wait for a mirror', () => {
  let store: FakeStore;
  let one: Follower;
  beforeEach(async () => {
    store = new FakeStore();
    store.put('a', '1');
    one = follow(store);
    await settled();
    store.watcher.resume(12n);
    await settled();
    store.reads.splice(0);
  });
  afterEach(() => one.iteration.return(undefined));
  const reads = (count: number) => store.time.passUntil(`${count} reads`, () => store.reads.length >= count);
  /** The result of a wait, or undefined while it goes on. */
  const watching = (waiting: Promise<unknown>) => {
    const seen: { result?: unknown } = {};
    waiting.then(
      (result) => (seen.result = result),
      (error) => (seen.result = error),
    );
    return seen;
  };

  it('ends at once if the revision is reached, without a read', async () => {
    assert.equal(await one.mirror.waitForRevision(11n), 11n);
    assert.equal(store.reads.length, 0);
  });

  it('ends with the event that reaches the revision, without a read', async () => {
    const waiting = one.mirror.waitForRevision(12n);
    store.watcher.push([store.put('b', '2')], 13n);
    assert.equal(await waiting, 12n, 'although no time passes');
    assert.deepEqual([store.reads.length, [...one.mirror.kvs.keys()]], [0, ['a', 'b']]);
    assert.equal(store.time.timers, 0);
  });

  it('ends with the progress that reaches the revision', async () => {
    const waiting = one.mirror.waitForRevision(15n);
    store.watcher.push([], 16n);
    assert.equal(await waiting, 15n);
    assert.equal(store.reads.length, 0);
  });

  it('ends with the list that reaches the revision', async () => {
    const waiting = one.mirror.waitForRevision(12n);
    store.put('b', '2');
    store.watcher.push([store.delete('unknown')], 14n);
    await store.time.pass(50);
    assert.equal(await waiting, 13n);
    assert.equal(one.received.at(-1), 'snapshot gap 13: a=1 b=2');
  });

  it('ends with a read if only other keys have changed', async () => {
    store.advance(5n);
    const waiting = one.mirror.waitForRevision(14n);
    await store.time.pass(99);
    assert.equal(store.reads.length, 0, 'events may be under way');
    await store.time.pass(1);
    assert.equal(await waiting, 16n);
    assert.equal(store.reads.length, 1);
    const [read] = store.reads;
    assert.deepEqual([read?.revision, read?.limit], [0n, 1]);
    assert.equal(one.mirror.status().revision, 16n);
  });

  for (const [method, raise] of [
    ['waitForRevision()', () => one.mirror.waitForRevision(13n)],
    ['verify()', () => one.mirror.verify()],
  ] as const)
    it(`does not show what was put and deleted below the revision that a read of ${method} has proven`, async () => {
      const [put, deleted] = [store.put('b', '2'), store.delete('b')];
      const raised = raise();
      await reads(1);
      await raised;
      assert.equal(one.mirror.status().revision, 13n);
      const updates = one.received.length;
      store.watcher.push([put], 13n);
      store.watcher.push([deleted], 14n);
      await settled();
      assert.deepEqual(one.received.slice(updates), []);
      store.watcher.push([store.put('b', '3')], 15n);
      await settled();
      assert.deepEqual(one.received.slice(updates), ['delta 14: +b=3']);
    });

  it('proves its resume point at the revision of the view if a read has raised that', async () => {
    store.put('b', '2');
    store.delete('b');
    const waiting = one.mirror.waitForRevision(13n);
    await reads(1);
    await waiting;
    store.reads.splice(0);
    store.watcher.resume(13n);
    await settled();
    assert.deepEqual(
      store.reads.map((read) => read?.revision),
      [13n],
    );
  });

  it('waits for an event that the read shows to be missing', async () => {
    const event = store.put('b', '2');
    const waiting = one.mirror.waitForRevision(12n);
    await reads(2);
    assert.equal(one.mirror.status().revision, 11n);
    store.watcher.push([event], 13n);
    assert.equal(await waiting, 12n);
  });

  it('reads nothing before the first snapshot', async () => {
    const slow = new FakeStore();
    let list: () => void = () => {};
    slow.onRead = () => new Promise((resolve) => (list = resolve));
    const other = follow(slow);
    const waiting = other.mirror.waitForRevision(10n);
    await slow.time.pass(1_000);
    assert.equal(slow.reads.length, 0);
    list();
    assert.equal(await waiting, 10n);
    await other.iteration.return(undefined);
  });

  it('reads ever more slowly while the reads fail, and every 100 ms again after an answer', async () => {
    const other = follow(store, {}, { random: () => 0.5 });
    await settled();
    store.put('b', '2');
    store.failures.push(errorFor('NoLeader'), errorFor('NoLeader'));
    const times: number[] = [];
    store.onRead = () => void times.push(store.time.now());
    const start = store.time.now();
    other.mirror.waitForRevision(12n).catch(() => {});
    await reads(5);
    const pauses = times.map((at, i) => at - (times[i - 1] ?? start));
    assert.deepEqual(pauses, [100, 200, 300, 100, 100]);
    await other.iteration.return(undefined);
  });

  it('rejects with its signal’s reason, also during a read, which ends', async () => {
    for (const start of [
      (signal: AbortSignal) => one.mirror.waitForRevision(99n, { signal }),
      (signal: AbortSignal) => one.mirror.verify({ signal }),
    ]) {
      store.onRead = () => new Promise(() => {});
      store.reads.splice(0);
      const stop = new AbortController();
      const wait = watching(start(stop.signal));
      await reads(1);
      const reason = new Error('enough');
      stop.abort(reason);
      await settled();
      assert.deepEqual([store.reads[0]?.signal?.aborted, wait.result, store.time.timers], [true, reason, 0]);
    }
  });

  it('accepts no option but a signal', async () => {
    await assert.rejects(one.mirror.waitForRevision(1n, { timeoutMs: 1 } as never), /timeoutMs/);
    await assert.rejects(one.mirror.verify({ timeoutMs: 1 } as never), /timeoutMs/);
  });

  it('rejects when the client closes', async () => {
    const closing = new AbortController();
    const mirror = new MirrorImpl(store.ports({ closing: closing.signal }), { prefix: '' });
    const waiting = mirror.waitForRevision(99n);
    const reason = new Error('the client is closed');
    closing.abort(reason);
    await assert.rejects(waiting, reason);
    await assert.rejects(mirror.verify(), reason);
  });

  it('ends its reads with the wait', async () => {
    store.advance();
    const stop = new AbortController();
    const waiting = one.mirror.waitForRevision(99n, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    assert.equal(store.time.timers, 0, 'a timer would keep the process alive');
    await store.time.pass(1_000);
    assert.equal(store.reads.length, 0);
  });

  describe('when a live watch does not deliver an event that the store has', () => {
    it('watches again from a new list after five seconds', async () => {
      store.put('b', '2');
      const wait = watching(one.mirror.waitForRevision(12n));
      await store.time.pass(5_100); // the first read was after 100 ms
      assert.deepEqual([store.watchers[0]?.closed, wait.result], [false, undefined]);
      await store.time.pass(150);
      assert.deepEqual([store.watchers[0]?.closed, wait.result], [true, 12n]);
      assert.equal(one.received.at(-1), 'snapshot gap 12: a=1 b=2');
    });

    it('does so each time', async () => {
      for (const revision of [12n, 13n]) {
        store.put(`b${revision}`, '2');
        const wait = watching(one.mirror.waitForRevision(revision));
        await store.time.pass(5_300);
        assert.equal(wait.result, revision);
        store.watcher.resume(revision + 1n);
        await settled();
      }
    });

    it('does not if the watch is not live: it resumes by itself', async () => {
      store.put('b', '2');
      store.watcher.setLive(false);
      watching(one.mirror.waitForRevision(12n));
      await store.time.pass(20_000);
      assert.equal(
        store.watchers.some(({ closed }) => closed),
        false,
      );
    });

    it('does not if the store has not reached the revision', async () => {
      watching(one.mirror.waitForRevision(99n));
      await store.time.pass(20_000);
      assert.equal(
        store.watchers.some(({ closed }) => closed),
        false,
      );
    });

    it('does not if the reader is busy: the events wait for it', async () => {
      const mirror = new MirrorImpl(store.ports(), { prefix: '' });
      const updates = mirror[Symbol.asyncIterator]();
      await updates.next();
      const next = updates.next();
      await settled();
      store.watcher.resume(12n);
      store.watcher.push([store.put('b', '2')], 13n);
      await next; // and the reader does not call next() again
      store.put('c', '3');
      watching(mirror.waitForRevision(13n));
      await store.time.pass(20_000);
      assert.equal(
        store.watchers.some(({ closed }) => closed),
        false,
      );
      const last = updates.next(); // now it waits
      await store.time.pass(5_300);
      const { value } = await last;
      assert.equal(value?.type, 'snapshot');
      await updates.return(undefined);
    });

    it('does not while events keep arriving', async () => {
      store.put('b', '2');
      watching(one.mirror.waitForRevision(13n));
      await store.time.pass(4_000);
      store.watcher.push([], 13n);
      store.put('c', '3');
      await store.time.pass(4_900);
      assert.equal(
        store.watchers.some(({ closed }) => closed),
        false,
      );
    });
  });
});

describe('a verification of a mirror', () => {
  it('reads the whole range once, and resolves with true at the same revision', async () => {
    const store = new FakeStore();
    store.put('a', '1');
    const one = follow(store);
    await settled();
    assert.equal(await one.mirror.verify(), true);
    assert.deepEqual(
      store.reads.map((options) => [options?.revision, options?.limit]),
      [[0n, 1]],
    );
    await one.iteration.return(undefined);
  });

  it('does not take a store for an older one because the mirror advances during the read', async () => {
    const store = new FakeStore();
    store.put('a', '1');
    const one = follow(store);
    await settled();
    store.onRead = async () => {
      store.onRead = () => {};
      store.watcher.push([], 20n);
      await settled();
    };
    assert.equal(await one.mirror.verify(), true);
    await one.iteration.return(undefined);
  });

  it('does not hide that events are missing', async () => {
    const store = new FakeStore();
    store.put('a', '1');
    const one = follow(store);
    await settled();
    store.put('b', '2');
    store.advance(3n);
    const verifying = one.mirror.verify();
    verifying.catch(() => {});
    await settled();
    assert.equal(one.mirror.status().revision, 11n);
    await one.iteration.return(undefined);
    await assert.rejects(verifying, /the mirror is closed/);
  });
});

describe('the options of a mirror', () => {
  it('are checked at once', () => {
    const { ports } = { ports: new FakeStore().ports() };
    const refused = (options: object, text: RegExp) =>
      assert.throws(() => new MirrorImpl(ports, { prefix: '' }, options as never), text);
    refused({ pageSize: 0 }, /pageSize/);
    refused({ eachRevision: 'yes' }, /eachRevision/);
    refused({ onFailure: {} }, /onFailure/);
    refused({ page: 1 }, /page/);
    assert.throws(() => new MirrorImpl(ports, {} as never), /range/);
  });
});
