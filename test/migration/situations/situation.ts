import type { EtcdClient } from '#src/client/index.js';
import type { Outcome } from '../support/case.js';

/** What etcd3's client does in these situations; a builder is awaited. */
export interface PeerApi {
  getAll(): { prefix(prefix: string): { buffers(): Promise<object> } };
  get(key: string): Promise<string | null>;
  put(key: string): { value(value: string): Promise<unknown> };
  lease(ttl: number): PeerLeaseEvents;
  watch(): PeerWatchBuilder;
}

export interface PeerLeaseEvents {
  release(): void;
  grant(): Promise<string>;
  on(event: string, listener: () => void): unknown;
  put(key: string): { value(value: string): Promise<unknown> };
}

export interface PeerWatchBuilder {
  key(key: string): PeerWatchBuilder;
  prefix(prefix: string): PeerWatchBuilder;
  startRevision(revision: string): PeerWatchBuilder;
  create(): Promise<PeerWatch>;
}

export interface PeerWatch {
  on(event: 'data', listener: (data: { readonly events: readonly PeerEvent[] }) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  cancel(): Promise<void>;
}

export interface PeerEvent {
  readonly kv: { readonly key: Buffer };
}

/** Shows what a client does. The store is empty before. */
export interface Situation {
  readonly etcd3: (client: PeerApi, outcome: Outcome) => Promise<void>;
  readonly ours: (client: EtcdClient, outcome: Outcome) => Promise<void>;
  /** The user whom both clients use, on an etcd with authentication, and who may read `k`. */
  readonly guarded?: true;
}
