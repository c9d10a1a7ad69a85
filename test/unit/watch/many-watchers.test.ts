import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { ClosedError } from '#src/errors/index.js';
import { FakeWatch, settled } from './fake-watch.js';
import { start } from './watcher-fixture.js';

describe('many watchers of one client', () => {
  it('with one signal have one listener, which is removed with the last of them', async () => {
    const server = new FakeWatch();
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    try {
      const watchers = Array.from({ length: 10_000 }, (_, i) =>
        server.client.watch(`k${i}`, { startRevision: 1n, signal }),
      );
      assert.equal(getEventListeners(signal, 'abort').length, 1);
      const last = watchers.pop()!;
      for (const watcher of watchers) void watcher.close();
      assert.equal(getEventListeners(signal, 'abort').length, 1);
      await last.close();
      assert.equal(getEventListeners(signal, 'abort').length, 0);
      await settled();
      assert.deepEqual(warnings, []);
    } finally {
      process.off('warning', onWarning);
    }
  });

  it('with one signal all end when it aborts', async () => {
    const server = new FakeWatch();
    const abort = new AbortController();
    const watchers = Array.from({ length: 1_000 }, (_, i) =>
      server.client.watch(`k${i}`, { startRevision: 1n, signal: abort.signal }),
    );
    abort.abort(new Error('enough'));
    const ends = await Promise.all(watchers.map(({ closed }) => closed));
    assert.ok(ends.every(({ reason }) => reason === 'aborted'));
    assert.equal(server.last.endedBy, 'cancelled');
  });

  it('keep the process alive with one reference, until the last one that needs it has ended', async () => {
    const server = new FakeWatch();
    const unref = server.client.watch('unref', { startRevision: 1n, unref: true });
    assert.equal(server.processRefs, 0);
    const watchers = ['a', 'b'].map((key) => server.client.watch(key, { startRevision: 1n }));
    const buffered = server.client.watch('c', { startRevision: 1n, maxBufferedEvents: 5 });
    assert.equal(server.processRefs, 1);
    for (const watcher of watchers) {
      await watcher.close();
      await watcher.close();
    }
    assert.equal(server.processRefs, 1);
    await buffered.close();
    assert.equal(server.processRefs, 0);
    server.client.watch('d', { startRevision: 1n });
    assert.equal(server.processRefs, 1);
    server.client.close();
    assert.equal(server.processRefs, 0);
    await unref.close();
  });
});

describe('the promises of a watcher', () => {
  it('have their outcome whenever they are asked for', async () => {
    const { server, watcher } = start({ startRevision: 7n });
    const early = { ready: watcher.ready, closed: watcher.closed };
    server.last.created(20n);
    assert.equal(await early.ready, 20n);
    assert.equal(await watcher.ready, 20n);
    await watcher.close();
    assert.equal(await watcher.ready, 20n);
    assert.deepEqual((await early.closed).reason, 'closed');
    assert.deepEqual(await watcher.closed, await early.closed);
  });

  it('reject as the watch ended before it was ready, without an unhandled rejection', async () => {
    const { watcher } = start({ startRevision: 7n });
    const early = watcher.ready;
    await watcher.close();
    const late = watcher.ready;
    await settled(); // an unhandled rejection would fail the test
    await assert.rejects(early, ClosedError);
    await assert.rejects(late, ClosedError);
  });
});
