import type { WatchEvent } from '../model/index.js';

/** Removes the prefix from the keys in place: each event was decoded for this watcher only. */
export function stripNamespace(events: readonly WatchEvent[], length: number): void {
  for (const { kv, prevKv } of events) {
    strip(kv, length);
    if (prevKv) strip(prevKv, length);
  }
}

function strip(kv: { key: Buffer }, length: number): void {
  kv.key = kv.key.subarray(length);
}
