import type { EtcdError } from '../errors/index.js';
import type { KvClient } from '../kv/index.js';
import type { LeaseClient } from '../lease/index.js';
import type { Mirror, MirrorOptions, MirrorUpdate } from '../mirror/index.js';
import { type Bytes, formatValue, type KeyRange } from '../model/index.js';
import type { Watcher, WatchOptions } from '../watch/index.js';
import { NamingError } from './errors.js';

/** The part of an etcd client that naming uses. An EtcdClient implements it. */
export interface NamingClient {
  /** Reads and writes of records. */
  readonly kv: Pick<KvClient, 'get' | 'txn' | 'range' | 'stream'>;
  /** Leases of registrations. */
  readonly lease: Pick<LeaseClient, 'hold' | 'timeToLive'>;
  /** Whether `close()` was called. */
  readonly closed: boolean;
  /** The default deadline of the client's calls, in milliseconds. */
  readonly timeoutMs?: number;
  /** Watches one key, as a registration does with its own record. */
  watch(range: Bytes | KeyRange, options?: WatchOptions): Watcher;
  /** Keeps a copy of the records of a service. */
  mirror(
    range: KeyRange,
    options?: MirrorOptions,
  ): AsyncIterable<MirrorUpdate> & Pick<Mirror, 'status' | 'verify'>;
  /** Status events of the members. Without it, failures are reported only when a call fails. */
  status?(options: { readonly signal?: AbortSignal | undefined }): AsyncIterable<{
    /** `member-unhealthy` for a failure of a member; naming ignores other types. */
    readonly type: string;
    /** The member's endpoint. */
    readonly endpoint?: string;
    /** The kind of failure, as in {@link MemberFailure}. */
    readonly failure?: string;
    /** The error of the call that failed. */
    readonly error?: EtcdError | undefined;
  }>;
  /** Calls the callback once when the client closes. The returned function removes the callback. */
  onClose(callback: () => void): () => void;
}

/** The part of a mirror that naming uses. */
export type MirrorHandle = ReturnType<NamingClient['mirror']>;

/**
 * Checks that an argument is an etcd client, and returns it.
 * @param position The position of the argument, for the error text.
 * @throws {NamingError} `invalid etcd client`, Go's text, with a description of the argument.
 */
export function checkClient(client: NamingClient, position = 'first'): NamingClient {
  if (client && typeof client.mirror === 'function' && client.kv) return client;
  throw new NamingError(
    `invalid etcd client: the ${position} argument is ${describeValue(client)}, not an EtcdClient`,
  );
}

/** Describes an argument for errors; an instance by its class name, because arguments may be swapped. */
export function describeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return formatValue(value);
  const name: unknown = value.constructor?.name;
  if (typeof name !== 'string' || name === '' || name === 'Object' || Array.isArray(value))
    return formatValue(value);
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}
