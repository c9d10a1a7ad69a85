import assert from 'node:assert/strict';
import type { WatchBatch, Watcher, WatchOptions } from '#src/watch/index.js';
import { FakeWatch } from './fake-watch.js';

/** The revisions of a batch's events. */
export const revisions = (batch: WatchBatch) => batch.events.map(({ kv }) => kv.modRevision);

/** A watch of a fake server. `next` reads one batch. */
export function start(options: WatchOptions = {}, range: Parameters<FakeWatch['client']['watch']>[0] = 'k') {
  const server = new FakeWatch();
  const watcher = server.client.watch(range, options);
  return { server, watcher, next: reader(watcher) };
}

/** Reads one batch. Fails if the watch has ended. */
export function reader(watcher: Watcher) {
  const iterator = watcher[Symbol.asyncIterator]();
  return async () => {
    const { value } = await iterator.next();
    assert.ok(value, 'the watch ended');
    return value;
  };
}
