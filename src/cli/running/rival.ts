import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient, LeaseId } from '../../index.js';
import { leaseState } from '../leases.js';
import { toRecord } from '../records.js';

/** Between looks at a record that another process may keep, in milliseconds. */
const pauseMs = 500;

export interface RivalOptions {
  readonly key: string;
  /** Where both claim to serve. */
  readonly addr: string;
  readonly signal: AbortSignal;
  /** Called once it is certain that the record's owner lives. */
  readonly onRival: () => void;
}

/**
 * Waits while another process keeps a record of this address under the key. A registration takes such a record over,
 * since it may be what the program left when it crashed; then nothing renews its lease. An owner that lives renews it
 * each third of the TTL, so that a lease with less than a third left has missed two renewals, and counts as left.
 * @returns whether there was anything to wait for.
 */
export async function waitForRival(client: EtcdClient, options: RivalOptions): Promise<boolean> {
  const { key, addr, signal, onRival } = options;
  let lease: ObservedLease | undefined;
  let isReported = false;
  for (let waited = false; ; waited = true) {
    const { kv } = await client.kv.get(key, { signal });
    // Of anything else, register() itself knows what to do.
    if (!kv || kv.lease === 0n || toRecord('', kv).endpoint?.addr !== addr) return waited;
    if (lease?.id !== kv.lease) lease = new ObservedLease(client, kv.lease);
    const state = await lease.look();
    if (state === 'left') return waited;
    if (state === 'renewed' && !isReported) onRival();
    isReported ||= state === 'renewed';
    await sleep(pauseMs, undefined, { signal });
  }
}

/** A lease of another process, and whether anything renews it. */
class ObservedLease {
  readonly id: LeaseId;
  readonly #client: EtcdClient;
  /** When it ends unless it is renewed, at the latest: etcd says whole seconds, rounded down. */
  #endsBy = Number.POSITIVE_INFINITY;

  constructor(client: EtcdClient, id: LeaseId) {
    this.#client = client;
    this.id = id;
  }

  /** `left`: nothing renews it; `renewed`: something does; `unclear`: it may be either. */
  async look(): Promise<'left' | 'renewed' | 'unclear'> {
    const askedAt = performance.now();
    const lease = await leaseState(this.#client, this.id);
    if (lease.state !== 'alive' || lease.remainingSeconds * 3 < lease.grantedSeconds) return 'left';
    if (askedAt + lease.remainingSeconds * 1_000 > this.#endsBy) return 'renewed';
    this.#endsBy = Math.min(this.#endsBy, performance.now() + (lease.remainingSeconds + 1) * 1_000);
    return 'unclear';
  }
}
