import type { EtcdError } from '../errors/index.js';
import type { KvClient } from '../kv/index.js';
import type { LeaseClient } from '../lease/index.js';
import type { Mirror, MirrorOptions, MirrorUpdate } from '../mirror/index.js';
import { type Bytes, formatValue, type KeyRange } from '../model/index.js';
import type { Watcher, WatchOptions } from '../watch/index.js';
import { NamingError } from './errors.js';

/** What naming needs of a mirror. */
export type MirrorHandle = AsyncIterable<MirrorUpdate> & Pick<Mirror, 'status' | 'verify'>;

/** Of a client's status events what naming looks at. */
export interface ClientStatusEvent {
  readonly type: string;
  readonly endpoint?: string;
  readonly failure?: string;
  readonly error?: EtcdError | undefined;
}

/** What naming needs of an etcd client; an EtcdClient has it. */
export interface NamingClient {
  readonly kv: Pick<KvClient, 'txn' | 'range' | 'stream'>;
  readonly lease: Pick<LeaseClient, 'hold' | 'timeToLive'>;
  readonly closed: boolean;
  /** The default deadline of its calls, in milliseconds. */
  readonly timeoutMs?: number;
  watch(range: Bytes | KeyRange, options?: WatchOptions): Watcher;
  mirror(range: KeyRange, options?: MirrorOptions): MirrorHandle;
  /** What happens to its members; a client without it has its troubles shown once a call has failed. */
  status?(options: { readonly signal?: AbortSignal | undefined }): AsyncIterable<ClientStatusEvent>;
  /** Calls back once when the client closes; the returned function takes that back. */
  onClose(callback: () => void): () => void;
}

/**
 * @param position Of the argument, for the text.
 * @throws {NamingError} `invalid etcd client`, in Go's words, with what was given instead.
 */
export function checkClient(client: NamingClient, position = 'first'): NamingClient {
  if (client && typeof client.mirror === 'function' && client.kv) return client;
  throw new NamingError(
    `invalid etcd client: the ${position} argument is ${describeValue(client)}, not an EtcdClient`,
  );
}

/** An instance by its class: arguments that were swapped. */
export function describeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return formatValue(value);
  const name: unknown = value.constructor?.name;
  if (typeof name !== 'string' || name === '' || name === 'Object' || Array.isArray(value))
    return formatValue(value);
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}
