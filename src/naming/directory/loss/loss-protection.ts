import type { EndpointRecord } from '../../endpoint.js';
import { type LastRecords, lastState } from '../last-records.js';
import { PreferredRecords } from '../union/preferred-records.js';
import type { RecordRules } from '../union/record-rules.js';
import { SortedRecords, type VisibleRecords } from '../views/sorted-records.js';
import { type LostRecord, LostRecords } from './lost-records.js';
import type { LossProtectionOptions } from './options.js';

/** A change of the endpoints in the store. Every EndpointEvent is one. */
export type EndpointChange =
  | { readonly type: 'snapshot'; readonly endpoints: ReadonlyMap<string, EndpointRecord> }
  | {
      readonly type: 'delta';
      readonly added: readonly EndpointRecord[];
      readonly changed: readonly EndpointRecord[];
      readonly removed: readonly string[];
      /** The last records of removed keys that changed since the change before. */
      readonly last?: LastRecords | undefined;
    };

/**
 * How a change was observed.
 * - `live`: by an uninterrupted watch;
 * - `after-reconnect`: in a new listing, or shortly after a reconnect;
 * - `after-silence`: by an uninterrupted watch, but etcd was silent shortly before; or in a part of a service, when the
 *   other parts may be late.
 */
export type Observation = 'live' | 'after-reconnect' | 'after-silence';

const addrOf = ({ addr }: EndpointRecord) => addr;

/**
 * Decides which endpoints are visible: those in the store, and those whose loss is unconfirmed. Pure: {@link nextReadAt}
 * requests a confirmation read, and {@link confirm} takes its result. The cost of a change depends on the size of the
 * change, not on the size of the service.
 */
export class LossProtection {
  readonly #options: Required<LossProtectionOptions>;
  readonly #present = new Map<string, EndpointRecord>();
  /** The number of present records by address: an address that is still present under another key is not lost. */
  readonly #addresses = new Map<string, number>();
  /** Whether several records of an address count as one. */
  readonly #countsAddresses: boolean;
  readonly #nameOf: (record: EndpointRecord) => string;
  readonly #visible: VisibleRecords;
  /** The keys whose visible record may differ from that in `#visible`. */
  readonly #touched = new Set<string>();
  /** Lost records that stay visible until a read confirms the loss. */
  readonly #unconfirmed: LostRecords;
  /**
   * Invisible records that were lost within the protection time. Leases expire one by one, so only the sum of these
   * losses can reach the threshold; all of them then become visible again.
   */
  readonly #recentLosses: LostRecords;
  /**
   * Records of several prefixes that stay visible until a read after the loss: another prefix may have the address, and
   * its change may not have arrived. They are losses on an uninterrupted watch that are not in `#unconfirmed`.
   */
  readonly #unverified: LostRecords;
  readonly #severalPrefixes: boolean;
  #reads = 0;

  /**
   * @param rules The rules for records of several formats. Default: each record is of its own, and addresses are texts.
   * @param severalPrefixes Whether the changes come from several watches, in no order between them. No loss on an
   *   uninterrupted watch takes effect without a read then.
   */
  constructor(options: Required<LossProtectionOptions>, rules?: RecordRules, severalPrefixes = false) {
    this.#options = options;
    this.#severalPrefixes = severalPrefixes;
    this.#countsAddresses = rules !== undefined;
    this.#nameOf = rules ? rules.nameOf : addrOf;
    this.#visible = rules ? new PreferredRecords(rules) : new SortedRecords();
    this.#unconfirmed = new LostRecords(this.#nameOf, (key) => this.#touched.add(key));
    this.#recentLosses = new LostRecords(this.#nameOf);
    this.#unverified = new LostRecords(this.#nameOf, (key) => this.#touched.add(key));
  }

  /** The keys of visible endpoints that the store does not have. Call it after {@link visibleEndpoints}. */
  get unconfirmed(): ReadonlySet<string> {
    const { keys } = this.#unconfirmed;
    const { size, keys: unverified } = this.#unverified;
    return this.#visible.shown(size === 0 ? keys : new Set([...keys, ...unverified]));
  }

  /** Whether the store has the address of the record, under any key. */
  hasAddress(record: EndpointRecord): boolean {
    return this.#addresses.has(this.#nameOf(record));
  }

  /** When a read may first confirm an unconfirmed loss; undefined while there is none. */
  get nextReadAt(): number | undefined {
    const [unverified] = this.#unverified; // the first loss is the oldest one
    let earliest = unverified?.confirmableAt;
    for (const { confirmableAt } of this.#unconfirmed)
      if (earliest === undefined || confirmableAt < earliest) earliest = confirmableAt;
    return earliest;
  }

  /**
   * Applies a change of the store. A loss after a silence is protected whatever its share of the service: the leases
   * expire one by one for a single reason, and the total is known only after the last.
   */
  apply(change: EndpointChange, observation: Observation, now: number): void {
    const { protectionMs, lossThreshold, includeLive } = this.#options;
    const removed = change.type === 'snapshot' ? this.#replace(change.endpoints) : this.#change(change);
    this.#recentLosses.deleteIf(({ confirmableAt }) => now >= confirmableAt + protectionMs);
    const lost = removed.filter((record) => !this.#addresses.has(this.#nameOf(record)));
    if (lost.length === 0 || protectionMs === 0) return;
    const suspect = observation !== 'live' || includeLive;
    const readsBefore = this.#reads;
    for (const record of lost) {
      const loss = { record, confirmableAt: now, suspect, readsBefore };
      if (observation === 'after-silence') this.#protect(loss, suspect, now);
      else this.#recentLosses.add(loss);
      if (this.#severalPrefixes && observation === 'live') this.#unverified.add(loss);
    }
    if (!this.#exceeds(lossThreshold)) return;
    for (const loss of this.#recentLosses) this.#protect(loss, suspect, now);
  }

  /** Whether the recent losses are this share of the service. */
  #exceeds(threshold: number): boolean {
    const [recent, unconfirmed] = [this.#recentLosses, this.#unconfirmed];
    if (this.#countsAddresses) {
      const lost = recent.names + unconfirmed.names;
      return lost >= threshold * (this.#addresses.size + lost);
    }
    const lost = recent.size + unconfirmed.size;
    return lost >= threshold * (this.#present.size + lost);
  }

  /** Registers the start of a read. Returns its number, for {@link confirm}. */
  beginRead(): number {
    return ++this.#reads;
  }

  /**
   * Called after a read that found only the present records. Confirms the losses that are older than the read and past
   * their protection time.
   */
  confirm(read: number, now: number): void {
    const isConfirmed = ({ confirmableAt, readsBefore }: LostRecord) =>
      readsBefore < read && confirmableAt <= now;
    this.#unconfirmed.deleteIf(isConfirmed);
    this.#unverified.deleteIf(isConfirmed);
    this.#recentLosses.deleteIf((loss) => !loss.suspect && isConfirmed(loss));
  }

  /** Restarts the protection time of every unconfirmed loss, from the time since which etcd is reachable again. */
  restartProtection(reachableSince: number): void {
    for (const loss of [...this.#unconfirmed, ...this.#unverified]) this.#protect(loss, true, reachableSince);
  }

  /**
   * The present endpoints and those whose loss is unconfirmed, in key order. The array never changes; it is the same
   * one until an endpoint does.
   */
  visibleEndpoints(): readonly EndpointRecord[] {
    this.#visible.update(
      this.#touched,
      (key) => this.#present.get(key) ?? (this.#unconfirmed.get(key) ?? this.#unverified.get(key))?.record,
    );
    this.#touched.clear();
    return this.#visible.all;
  }

  #protect(loss: LostRecord, becameSuspect: boolean, now: number): void {
    const suspect = becameSuspect || loss.suspect;
    this.#recentLosses.delete(loss.record.key);
    this.#unverified.delete(loss.record.key);
    this.#unconfirmed.add({
      ...loss,
      confirmableAt: suspect ? now + this.#options.protectionMs : now,
      suspect,
    });
  }

  /** Returns the records that are no longer present. */
  #replace(endpoints: ReadonlyMap<string, EndpointRecord>): EndpointRecord[] {
    const removed = [...this.#present.values()].filter(({ key }) => !endpoints.has(key));
    for (const { key } of removed) this.#touched.add(key);
    this.#present.clear();
    this.#addresses.clear();
    for (const record of endpoints.values()) this.#put(record);
    return removed;
  }

  #change({ added, changed, removed, last }: EndpointChange & { type: 'delta' }): EndpointRecord[] {
    const removedRecords: EndpointRecord[] = [];
    for (const key of removed) {
      const record = this.#present.get(key);
      if (!record) continue;
      this.#remove(record);
      removedRecords.push(lastState(record, last));
    }
    for (const record of added) this.#put(record);
    for (const record of changed) this.#put(record);
    return removedRecords;
  }

  #put(record: EndpointRecord): void {
    const before = this.#present.get(record.key);
    if (before) this.#remove(before);
    this.#present.set(record.key, record);
    this.#touched.add(record.key);
    const name = this.#nameOf(record);
    this.#addresses.set(name, (this.#addresses.get(name) ?? 0) + 1);
    this.#unconfirmed.deleteReturned(record);
    this.#unverified.deleteReturned(record);
    this.#recentLosses.deleteReturned(record);
  }

  #remove(record: EndpointRecord): void {
    this.#present.delete(record.key);
    this.#touched.add(record.key);
    const name = this.#nameOf(record);
    const remaining = (this.#addresses.get(name) ?? 1) - 1;
    if (remaining === 0) this.#addresses.delete(name);
    else this.#addresses.set(name, remaining);
  }
}
