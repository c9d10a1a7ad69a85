import assert from 'node:assert/strict';
import { ElectionClientImpl, type ElectionPorts } from '#src/election/index.js';
import {
  ClosedError,
  CompactedError,
  DeadlineError,
  errorFor,
  PermissionDeniedError,
  RolledBackError,
  StoreReplacedError,
} from '#src/errors/index.js';
import { FakeStore } from '../mirror/fake-store.js';
import { settled } from '../watch/fake-watch.js';

/** What only candidates use. */
const queue = {} as ElectionPorts['queue'];

/** An observation of the store whose reader reads each state at once, unless `reads` is false. */
function observe(store: FakeStore, { reads = true, closing = new AbortController() } = {}) {
  const client = new ElectionClientImpl({
    ...store.ports(),
    queue,
    timeoutMs: 5_000,
    closing: closing.signal,
  });
  const observation = client.observe('jobs');
  const states: (string | undefined)[] = [];
  let failure: unknown;
  const read = async () => {
    for await (const leader of observation) states.push(leader && `${leader.key}=${leader.value}`);
  };
  const start = () => {
    void read().catch((error: unknown) => {
      failure = error;
    });
  };
  if (reads) start();
  const sees = (count: number) => store.time.passUntil(`state ${count}`, () => states.length >= count);
  return { observation, states, sees, start, closing, error: () => failure };
}

/** An observation whose watch is live. */
async function observed(store: FakeStore) {
  const reader = observe(store);
  await reader.sees(1);
  store.watcher.resume(store.revision + 1n);
  await settled();
  return reader;
}

describe('the observation of an election', () => {
  let store: FakeStore;

  beforeEach(() => {
    store = new FakeStore();
  });

  it('reads one key, and watches from the revision after that', async () => {
    store.put('jobs/1', 'a');
    await observed(store);
    assert.deepEqual(
      store.reads.map((options) => options?.limit),
      [1, 1],
    );
    const { startRevision, knownRevision, resumptions } = store.watcher.options ?? {};
    assert.deepEqual(
      [startRevision, knownRevision, resumptions],
      [store.revision + 1n, store.revision, true],
    );
  });

  it('yields the newest of the states that came while its reader was busy', async () => {
    store.put('jobs/1', 'a');
    const { observation } = observe(store, { reads: false });
    assert.equal(String((await observation.next()).value?.value), 'a');
    store.watcher.resume(store.revision + 1n);
    for (const value of ['b', 'c', 'd'])
      store.watcher.push([store.put('jobs/1', value)], store.revision + 1n);
    await settled();
    assert.equal(String((await observation.next()).value?.value), 'd');
    await observation.return?.();
  });

  it('yields a leader once when its proclamation is read before its event arrives', async () => {
    store.put('jobs/1', 'a');
    const { states, sees } = observe(store);
    await sees(1);
    const event = store.put('jobs/1', 'b');
    store.watcher.resume(event.kv.modRevision);
    await sees(2);
    store.watcher.push([event], event.kv.modRevision + 1n);
    store.watcher.push([store.put('jobs/1', 'c')], store.revision + 1n);
    await sees(3);
    assert.deepEqual(states, ['jobs/1=a', 'jobs/1=b', 'jobs/1=c']);
  });

  it('reads again when the watch resumes on a wiped store that has reached the revision', async () => {
    store.put('jobs/1', 'a');
    const { states, sees } = await observed(store);
    const { revision } = store;
    store.wipe(revision + 5n);
    store.watcher.resume(revision + 1n);
    await sees(2);
    assert.deepEqual(states, ['jobs/1=a', undefined]);
    assert.equal(store.watchers.length, 2);
  });

  it('yields the older value of a restored store, and the changes after it', async () => {
    store.put('jobs/1', 'a');
    const { revision } = store;
    store.put('jobs/1', 'b');
    const { states, sees } = await observed(store);
    store.restore(revision, revision + 5n);
    store.watcher.resume(revision + 2n);
    await sees(2);
    store.watcher.push([store.put('jobs/1', 'c')], store.revision + 1n);
    await sees(3);
    assert.deepEqual(states, ['jobs/1=b', 'jobs/1=a', 'jobs/1=c']);
  });

  it('reads again for a write of another term, although it has not seen the end of the last one', async () => {
    store.put('jobs/1', 'a');
    const { states, sees } = await observed(store);
    store.delete('jobs/1');
    store.put('jobs/2', 'b');
    store.watcher.push([store.put('jobs/1', 'late')], store.revision + 1n);
    await sees(2);
    assert.deepEqual(states, ['jobs/1=a', 'jobs/2=b']);
  });

  it('does not watch a store that was replaced since its read, but reads again', async () => {
    store.put('jobs/1', 'a');
    store.onRead = () => {
      if (store.reads.length === 1) store.epoch++;
    };
    const { states } = observe(store);
    await settled();
    assert.deepEqual([store.reads.length, store.watchers.length, states], [2, 1, ['jobs/1=a']]);
  });

  for (const [name, error] of [
    ['a compaction', new CompactedError('compacted', 20n)],
    ['a rollback', new RolledBackError(20n, 3n)],
    ['a replaced store', new StoreReplacedError('replaced')],
    ['a start in the future', errorFor('FutureRev')],
  ] as const)
    it(`reads again after ${name}, and yields nothing if the leader is the same`, async () => {
      store.put('jobs/1', 'a');
      const { states, sees } = await observed(store);
      store.watcher.fail(error);
      await store.time.passUntil('watch', () => store.watchers.length === 2);
      store.watcher.resume(store.revision + 1n);
      store.watcher.push([store.delete('jobs/1')], store.revision + 1n);
      await sees(2);
      assert.deepEqual(states, ['jobs/1=a', undefined]);
    });

  it('pauses longer each time when its watches end at once', async () => {
    store.put('jobs/1', 'a');
    const random = () => 0.99;
    const client = new ElectionClientImpl({ ...store.ports(), queue, timeoutMs: 5_000, random });
    const observation = client.observe('jobs');
    await observation.next();
    const started: number[] = [];
    while (started.length < 8) {
      await store.time.passUntil('watch', () => store.watchers.length > started.length);
      started.push(store.time.now());
      store.watcher.fail(new CompactedError('compacted', 20n));
    }
    const pauses = started.slice(1).map((at, i) => at - started[i]!);
    assert.deepEqual(
      pauses,
      [...pauses].sort((a, b) => a - b),
    );
    assert.ok(pauses.at(-1)! >= 4_900, `pauses ${pauses}`);
    await observation.return?.();
  });

  it('reads until etcd answers, with pauses, and keeps the leader meanwhile', async () => {
    store.put('jobs/1', 'a');
    const { states, sees, error } = await observed(store);
    const reads = store.reads.length;
    store.failures.push(new DeadlineError('late'), new DeadlineError('late'), errorFor('NoLeader'));
    store.watcher.push([store.delete('jobs/1')], store.revision + 1n);
    await sees(2);
    assert.deepEqual([states, store.reads.length - reads, error()], [['jobs/1=a', undefined], 4, undefined]);
  });

  it('ends with the error of a read that a retry cannot fix', async () => {
    store.put('jobs/1', 'a');
    const { error } = await observed(store);
    store.failures.push(errorFor('PermissionDenied'));
    store.watcher.push([store.delete('jobs/1')], store.revision + 1n);
    await settled();
    assert.ok(error() instanceof PermissionDeniedError, String(error()));
  });

  it('ends at once when the client closes during a pause', async () => {
    store.failures.push(...Array.from({ length: 100 }, () => new DeadlineError('late')));
    const random = () => 0.99; // the fake clock stands still: a pause does not end
    const closing = new AbortController();
    const ports = { ...store.ports(), queue, timeoutMs: 5_000, random, closing: closing.signal };
    const next = new ElectionClientImpl(ports).observe('jobs').next();
    await settled();
    assert.equal(store.reads.length, 1);
    const failure = assert.rejects(next, ClosedError);
    closing.abort(new ClosedError('the client'));
    await failure;
  });

  it('ends with the error of its watch', async () => {
    store.put('jobs/1', 'a');
    const { error } = await observed(store);
    store.watcher.fail(errorFor('PermissionDenied'));
    await settled();
    assert.ok(error() instanceof PermissionDeniedError, String(error()));
  });

  it('shares sixteen concurrent reads with the other observations of the client', async () => {
    let inFlight = 0;
    let most = 0;
    store.onRead = async () => {
      most = Math.max(most, ++inFlight);
      await settled();
      inFlight--;
    };
    const client = new ElectionClientImpl({ ...store.ports(), queue, timeoutMs: 5_000 });
    const observations = Array.from({ length: 100 }, () => client.observe('jobs'));
    await Promise.all(observations.map((observation) => observation.next()));
    assert.equal(most, 16);
    await Promise.all(observations.map((observation) => observation.return?.()));
  });

  it('sends nothing before its first next(), and ends its watch when it is left', async () => {
    const { observation } = observe(store, { reads: false });
    await settled();
    assert.equal(store.reads.length, 0);
    await observation.next();
    await settled();
    await observation.return?.();
    await settled();
    assert.equal(store.watcher.options?.signal?.aborted, true);
  });
});
