import { type EtcdClient, InvalidInputError, type LeaseId, parseLeaseId } from '../../../index.js';
import { ConcurrencyLimit, raceAbort, withTimeoutSignal } from '../../../internal.js';
import { fetchLeaseState } from '../../data/leases.js';
import { ApiError } from '../ports.js';
import type { LeaseReply, LeasesReply, LeasesRequest } from '../protocol/index.js';
import { SharedResults } from './shared-results.js';

const maxLeases = 200;
/** Of all pages together. */
const concurrency = 32;
const requestTimeoutMs = 3_000;
/** Includes the time until other lookups have ended. */
const lookupTimeoutMs = 5_000;
/** More than the leases that several pages show at once. */
const maxRecent = 10_000;

/** Looks up the time that leases have left. */
export class LeaseLookups {
  readonly #client: Pick<EtcdClient, 'lease'>;
  readonly #limit = new ConcurrencyLimit(concurrency);
  readonly #shared = new SharedResults<LeaseReply>({ maxAgeMs: 1_000, maxCount: maxRecent });

  constructor(client: Pick<EtcdClient, 'lease'>) {
    this.#client = client;
  }

  /** @throws {ApiError} for too many leases, and for what is not the id of one. */
  async read({ leases }: LeasesRequest, signal: AbortSignal): Promise<LeasesReply> {
    if (leases.length > maxLeases)
      throw new ApiError('invalid', `${leases.length} leases were asked for, more than ${maxLeases}`);
    const ids = new Map(leases.map((text) => [text, parseId(text)]));
    const replies = Array.from(ids, async ([text, id]) => [text, await this.#lookUp(id)] as const);
    return { leases: Object.fromEntries(await raceAbort(Promise.all(replies), signal)) };
  }

  #lookUp(id: LeaseId): Promise<LeaseReply> {
    return this.#shared.get(String(id), () => this.#fetch(id));
  }

  async #fetch(id: LeaseId): Promise<LeaseReply> {
    try {
      return await withTimeoutSignal(lookupTimeoutMs, undefined, (signal) =>
        this.#limit.run(() => this.#request(id, signal), signal),
      );
    } catch (error) {
      if ((error as Error).name !== 'TimeoutError') throw error;
      return { state: 'unknown', error: `etcd did not answer within ${lookupTimeoutMs / 1_000} s` };
    }
  }

  async #request(id: LeaseId, signal: AbortSignal): Promise<LeaseReply> {
    const found = await fetchLeaseState(this.#client, id, { signal, timeoutMs: requestTimeoutMs });
    switch (found.state) {
      case 'alive':
        return found;
      case 'none':
      case 'gone':
        return { state: 'gone' };
      case 'unknown':
        return { state: 'unknown', error: found.reason };
    }
  }
}

function parseId(text: string): LeaseId {
  try {
    const id = parseLeaseId(text);
    if (id !== 0n) return id;
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
  }
  throw new ApiError('invalid', 'one of the leases is not the id of a lease');
}
