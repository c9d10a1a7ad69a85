import type { EndpointCodec, EtcdClient } from '../../../index.js';
import { ElapsedClock } from '../../../internal.js';
import { findReasons } from '../../data/departures.js';
import type { Catalog } from '../ports.js';
import { LiveCatalog } from './catalog.js';
import { classifier } from './content.js';

export { rowMaker } from './single-row.js';

export interface CatalogOptions {
  /** The prefix of the keys; empty for all. */
  readonly prefix: string;
  /** The codec of the records. Undefined: Go's format. */
  readonly codec?: EndpointCodec | undefined;
}

/** A catalog that follows etcd until it is closed. */
export type RunningCatalog = Catalog & {
  /** Ends the mirror and all look-ups. The last state stays readable. Does not close the client. */
  close(): Promise<void>;
};

/**
 * Starts a catalog of what is registered under a prefix. It survives outages, and retries what etcd refuses; its status
 * says so.
 *
 * A key is a member of a queue if its last segment is the id of its own lease in hexadecimal, unless its value has an
 * address in the codec's format; `go-zero`, whose values are bare addresses, has no such exception. Otherwise it is a
 * record of the service that the codec finds in the key: below `a/b/`, `a/b/c/d` is a record of `a/b/c` alone. A value
 * that is not an endpoint has a row while its service has an endpoint. Other keys are ignored.
 *
 * In the timeline, an endpoint that moves to another key leaves and is registered, as does a record that was deleted
 * and created again. A record that was overwritten with another value is `unreadable`, and leaves when the key does.
 */
export function createCatalog(client: EtcdClient, { prefix, codec }: CatalogOptions): RunningCatalog {
  // The key of the prefix itself is readable with the permission to read the prefix. No key is empty.
  const probedKey = prefix === '' ? '\0' : prefix;
  return new LiveCatalog({
    mirror: (options) => client.mirror({ prefix }, options),
    read: (options) => client.kv.range(probedKey, { ...options, limit: 1, keysOnly: true }),
    findReasons: (departed, signal) => findReasons(client, departed, signal),
    classify: classifier(codec),
    // A view that was confirmed before the machine slept is as old as that.
    clock: new ElapsedClock(),
    wallClock: Date.now,
  });
}
