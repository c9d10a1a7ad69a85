import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient, KeyValue, LeaseId } from '../../index.js';
import type { RecordFormat } from '../../internal.js';
import { fetchLeaseState } from '../data/leases.js';

/** The interval at which a rival's record is checked, in milliseconds. */
const checkIntervalMs = 500;

export interface RivalOptions {
  readonly key: string;
  /** The address that both processes register. */
  readonly addr: string;
  readonly format: RecordFormat;
  readonly signal: AbortSignal;
  /** Called once, when it is certain that another process renews the record's lease. */
  readonly onRivalFound: () => void;
}

/**
 * Waits while another process keeps a record of this address under the key. A registration takes over a record of its
 * own address, because it may be left from an earlier run that crashed. Nothing renews the lease of such a record. A
 * live owner renews its lease at each third of the TTL. With less than a third left, the lease has missed two renewals,
 * and the record counts as abandoned.
 * @returns whether it had to wait.
 */
export async function waitUntilRivalGone(client: EtcdClient, options: RivalOptions): Promise<boolean> {
  const { key, signal, onRivalFound } = options;
  let lease: ObservedLease | undefined;
  let isReported = false;
  for (let waited = false; ; waited = true) {
    const { kv } = await client.kv.get(key, { signal });
    // register() itself handles every other record.
    if (!kv || kv.lease === 0n || !hasAddress(kv, options)) return waited;
    if (lease?.id !== kv.lease) lease = new ObservedLease(client, kv.lease);
    const state = await lease.check();
    if (state === 'abandoned') return waited;
    if (state === 'renewed' && !isReported) onRivalFound();
    isReported ||= state === 'renewed';
    await sleep(checkIntervalMs, undefined, { signal });
  }
}

function hasAddress({ value }: KeyValue, { key, addr, format }: RivalOptions): boolean {
  const endpoint = format.decode(key, value);
  return typeof endpoint === 'object' && endpoint.addr === addr;
}

/** Determines whether another process renews a lease. */
class ObservedLease {
  readonly id: LeaseId;
  readonly #client: EtcdClient;
  /** The latest time at which the lease expires without a renewal. etcd rounds the remaining seconds down. */
  #expiresBy = Number.POSITIVE_INFINITY;

  constructor(client: EtcdClient, id: LeaseId) {
    this.#client = client;
    this.id = id;
  }

  /** `undecided`: the lease is alive, and no renewal has been observed yet. */
  async check(): Promise<'abandoned' | 'renewed' | 'undecided'> {
    const sentAt = performance.now();
    const lease = await fetchLeaseState(this.#client, this.id);
    if (lease.state !== 'alive' || lease.remainingSeconds * 3 < lease.grantedSeconds) return 'abandoned';
    if (sentAt + lease.remainingSeconds * 1_000 > this.#expiresBy) return 'renewed';
    this.#expiresBy = Math.min(this.#expiresBy, performance.now() + (lease.remainingSeconds + 1) * 1_000);
    return 'undecided';
  }
}
