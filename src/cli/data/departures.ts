import type {
  DepartureReason,
  EndpointEvent,
  EndpointRecord,
  EtcdClient,
  JsonValue,
  LeaseId,
} from '../../index.js';
import {
  type DepartureCircumstances,
  leaseLookupsOf,
  reasonByLease,
  reasonWithoutLease,
} from '../../internal.js';

/** A record that is no longer there. */
export interface DepartedRecord {
  readonly metadata?: JsonValue | undefined;
  readonly lease: LeaseId;
}

/**
 * Finds out why records left. Asks etcd for the state of their leases, within the limits of a directory.
 * @returns the reasons in the order of the records.
 */
export async function findReasons(
  client: EtcdClient,
  departed: readonly (DepartedRecord & DepartureCircumstances)[],
  signal?: AbortSignal,
): Promise<readonly DepartureReason[]> {
  const known = departed.map((record) => reasonWithoutLease(record, record));
  const undecided = departed.filter((_, i) => known[i] === undefined).map(({ lease }) => lease);
  if (undecided.length === 0) return known.map((reason) => reason ?? 'unknown');
  const fateOf = leaseLookupsOf(client).lookUp(client, undecided, signal);
  return Promise.all(departed.map(async ({ lease }, i) => known[i] ?? reasonByLease(await fateOf(lease))));
}

/** A record that left a watch, and why. */
export interface RemovedRecord {
  readonly record: EndpointRecord;
  readonly reason: DepartureReason;
}

/** The records that left a watch with an event, by key. */
export type Removals = ReadonlyMap<string, RemovedRecord>;

export const noRemovals: Removals = new Map();

/** Finds out why the records that leave a watch do. */
export class WatchedDepartures {
  readonly #client: EtcdClient;
  readonly #signal: AbortSignal;
  readonly #records = new Map<string, EndpointRecord>();

  constructor(client: EtcdClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** Call it with each event, in order. */
  async removals(event: EndpointEvent): Promise<Removals> {
    const storeReplaced = event.type === 'snapshot' && event.reason === 'rolled-back';
    const removed = this.#apply(event);
    if (removed.length === 0) return noRemovals;
    const departed = removed.map((record) => ({
      ...record,
      storeReplaced,
      invalid: event.invalid.has(record.key),
    }));
    const reasons = await findReasons(this.#client, departed, this.#signal);
    return new Map(removed.map((record, i) => [record.key, { record, reason: reasons[i] ?? 'unknown' }]));
  }

  /** Returns the records that the event removed. */
  #apply(event: EndpointEvent): readonly EndpointRecord[] {
    const keys =
      event.type === 'delta'
        ? event.removed
        : [...this.#records.keys()].filter((key) => !event.endpoints.has(key));
    const removed = keys.flatMap((key) => this.#records.get(key) ?? []);
    for (const key of keys) this.#records.delete(key);
    const present = event.type === 'delta' ? [...event.added, ...event.changed] : event.endpoints.values();
    for (const record of present) this.#records.set(record.key, record);
    return removed;
  }
}
