import assert from 'node:assert/strict';
import { CompactedError, errorFor } from '#src/errors/index.js';
import { settled } from '../watch/fake-watch.js';
import { FakeStore, type Follower, follow } from './fake-store.js';

describe('the status of a mirror', () => {
  let store: FakeStore;
  let one: Follower;
  beforeEach(async () => {
    store = new FakeStore();
    one = follow(store);
    await settled();
  });
  afterEach(() => one.iteration.return(undefined));

  const seconds = () => one.mirror.status().forMs / 1_000;
  const ago = (ms: number) => store.time.now() - ms;

  it('is fresh while its watch is live, since the watch became live', () => {
    assert.equal(one.mirror.status().fresh, false);
    store.watcher.setLive(true, ago(60_000));
    assert.deepEqual([one.mirror.status().fresh, seconds()], [true, 60]);
    store.watcher.setLive(false, ago(30_000));
    assert.deepEqual([one.mirror.status().fresh, seconds()], [false, 30]);
  });

  it('counts from the start of the mirror before a watch is live', async () => {
    assert.equal(seconds(), 0);
    await store.time.pass(7_000);
    assert.equal(seconds(), 7);
  });

  it('counts from the end of a live watch while the mirror lists again', async () => {
    store.watcher.setLive(true, ago(60_000));
    store.onRead = () => new Promise(() => {});
    store.watcher.fail(new CompactedError('compacted', 20n));
    await settled();
    assert.deepEqual([one.mirror.status().fresh, seconds()], [false, 0]);
  });

  it('counts from the loss of the connection if that was before the end of the watch', async () => {
    store.watcher.setLive(false, ago(30_000));
    store.onRead = () => new Promise(() => {});
    store.watcher.fail(new CompactedError('compacted', 20n));
    await settled();
    assert.equal(seconds(), 30);
  });

  it('keeps counting across watches that never become live', async () => {
    store.watcher.setLive(false, ago(30_000));
    for (let watches = 1; watches <= 3; watches++) {
      store.watcher.fail(new CompactedError('compacted', 20n));
      await store.time.passUntil('other watch', () => store.watchers.length > watches);
    }
    assert.equal(Math.round(seconds()), 30);
  });

  it('is not fresh after the mirror has ended', async () => {
    store.watcher.setLive(true, ago(60_000));
    store.watcher.fail(errorFor('PermissionDenied'));
    await one.ended;
    assert.deepEqual([one.mirror.status().fresh, seconds()], [false, 0]);
  });
});
