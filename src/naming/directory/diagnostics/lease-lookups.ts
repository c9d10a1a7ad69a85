import { type Clock, ConcurrencyLimit, systemClock, withTimeoutSignal } from '../../../async/index.js';
import { type ClientDiagnostics, diagnosticsOf } from '../../../diagnostics/index.js';
import type { LeaseId } from '../../../model/index.js';
import type { NamingClient } from '../../ports.js';

/** Whether a lease is alive; `unknown` if etcd was not asked, or did not answer in time. */
export type LeaseFate = 'alive' | 'ended' | 'unknown';

/** As many requests at a time as a member answers without notice beside its other work. */
const maxAtATime = 4;
/**
 * The look-ups that may be requested at once. More endpoints than that vanish for one reason, which these show; and four
 * at a time, this many end within the timeout if etcd takes up to 180 ms for each.
 */
const burst = 64;
/** The look-ups that become available again each second, since a mass of leases expires over many seconds. */
const perSecond = 8;
/** The time for a look-up, including its wait: an answer that is later says little about the time of the departure. */
const timeoutMs = 3_000;

/** Looks up leases without loading etcd, however many are asked for. */
export class LeaseLookups {
  readonly #limit = new ConcurrencyLimit(maxAtATime);
  readonly #clock: Clock;
  #available = burst;
  #countedAt: number;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#countedAt = clock.now();
  }

  /**
   * Looks up each distinct lease once. The returned function resolves with what is known of a lease. It does not reject.
   * @param signal ends the look-ups, whose leases are `unknown` then.
   */
  lookUp(
    { lease: leases }: Pick<NamingClient, 'lease'>,
    ids: Iterable<LeaseId>,
    signal?: AbortSignal,
  ): (id: LeaseId) => Promise<LeaseFate> {
    const fates = new Map<LeaseId, Promise<LeaseFate>>();
    for (const id of new Set(ids)) if (this.#take()) fates.set(id, this.#ask(leases, id, signal));
    return (id) => fates.get(id) ?? Promise.resolve('unknown');
  }

  #take(): boolean {
    const now = this.#clock.now();
    this.#available = Math.min(burst, this.#available + ((now - this.#countedAt) / 1_000) * perSecond);
    this.#countedAt = now;
    if (this.#available < 1) return false;
    this.#available--;
    return true;
  }

  async #ask(
    leases: NamingClient['lease'],
    id: LeaseId,
    signal: AbortSignal | undefined,
  ): Promise<LeaseFate> {
    const ask = (limited: AbortSignal) =>
      this.#limit.run(() => leases.timeToLive(id, { signal: limited }), limited);
    try {
      return (await withTimeoutSignal(timeoutMs, signal, ask, this.#clock)) ? 'alive' : 'ended';
    } catch {
      return 'unknown';
    }
  }
}

const known = new WeakMap<ClientDiagnostics, LeaseLookups>();

/** The look-ups of a client, which its namespaces share. */
export function leaseLookupsOf(client: NamingClient): LeaseLookups {
  const key = diagnosticsOf(client);
  const lookups = known.get(key) ?? new LeaseLookups();
  known.set(key, lookups);
  return lookups;
}
