import { sortByKey } from '../../../model/index.js';
import type { EndpointRecord } from '../../endpoint.js';
import { type LostRecord, LostRecords } from './lost-records.js';
import type { LossProtectionOptions } from './options.js';

/** A change of the endpoints in the store; an EndpointEvent is one. */
export type EndpointChange =
  | { readonly type: 'snapshot'; readonly endpoints: ReadonlyMap<string, EndpointRecord> }
  | {
      readonly type: 'delta';
      readonly added: readonly EndpointRecord[];
      readonly changed: readonly EndpointRecord[];
      readonly removed: readonly string[];
    };

/**
 * How a change was seen.
 * - `live`: as it happened;
 * - `after-reconnect`: in a list read again, or right after a reconnect;
 * - `after-silence`: as it happened, though etcd was silent just before.
 */
export type Seen = 'live' | 'after-reconnect' | 'after-silence';

/**
 * Decides which endpoints to show: those in the store, and those whose loss is in doubt. Pure: it says when a read is
 * to confirm the losses ({@link nextReadAt}), and is given the result. The cost of a change depends on its size alone,
 * and not on that of the service.
 */
export class LossProtection {
  readonly #options: Required<LossProtectionOptions>;
  readonly #present = new Map<string, EndpointRecord>();
  /** How many of those present have an address: one that is still there under another key is not lost. */
  readonly #addresses = new Map<string, number>();
  /** Shown although the store does not have them. */
  readonly #held = new LostRecords();
  /**
   * Believed to be gone, for less than the protection time: leases that run out one by one are a mass only together,
   * and all of them are held once they are.
   */
  readonly #recent = new LostRecords();
  #reads = 0;

  constructor(options: Required<LossProtectionOptions>) {
    this.#options = options;
  }

  /** The keys that are shown although the store does not have them. */
  get held(): ReadonlySet<string> {
    return new Set(this.#held.keys());
  }

  /** When the next of them may be let go, if a read then confirms that it is gone; undefined when none is held. */
  get nextReadAt(): number | undefined {
    let earliest: number | undefined;
    for (const { at } of this.#held) if (earliest === undefined || at < earliest) earliest = at;
    return earliest;
  }

  /**
   * Takes a change of the store. What goes after a silence is held whatever its share is: leases then expire for one
   * reason, one after the other, and how many will is known only when all have.
   */
  apply(change: EndpointChange, seen: Seen, now: number): void {
    const { protectionMs, lossThreshold, includeLive } = this.#options;
    const left = change.type === 'snapshot' ? this.#replace(change.endpoints) : this.#change(change);
    this.#recent.deleteIf(({ at }) => now >= at + protectionMs);
    const gone = left.filter(({ addr }) => !this.#addresses.has(addr));
    if (gone.length === 0 || protectionMs === 0) return;
    const doubtful = seen !== 'live' || includeLive;
    const readsBefore = this.#reads;
    for (const record of gone) {
      const lost = { record, at: now, doubtful, readsBefore };
      if (seen === 'after-silence') this.#hold(lost, true, now);
      else this.#recent.add(lost);
    }
    const lost = this.#recent.size + this.#held.size;
    if (lost < lossThreshold * (this.#present.size + lost)) return;
    for (const one of this.#recent) this.#hold(one, doubtful, now);
    this.#recent.clear();
  }

  /** A read of the store begins. Returns its number, for {@link confirm}. */
  beginRead(): number {
    return ++this.#reads;
  }

  /**
   * The read was answered, and shows nothing that is not present: of those that went before it, the ones whose time is
   * over are gone.
   */
  confirm(read: number, now: number): void {
    const isGone = ({ at, readsBefore }: LostRecord) => readsBefore < read && at <= now;
    this.#held.deleteIf(isGone);
    this.#recent.deleteIf((lost) => !lost.doubtful && isGone(lost));
  }

  /** etcd is back since then: whatever is held has the whole protection time from that moment, as after a reconnect. */
  extend(backSince: number): void {
    for (const lost of [...this.#held]) this.#hold(lost, true, backSince);
  }

  /** What is to be shown, in key order. */
  shown(): EndpointRecord[] {
    const all = [...this.#present.values()];
    for (const { record } of this.#held) all.push(record);
    return sortByKey(all);
  }

  #hold(lost: LostRecord, doubtful: boolean, now: number): void {
    const at = doubtful || lost.doubtful ? now + this.#options.protectionMs : now;
    this.#held.add({ ...lost, at, doubtful: doubtful || lost.doubtful });
  }

  /** Returns the records that are there no longer. */
  #replace(endpoints: ReadonlyMap<string, EndpointRecord>): EndpointRecord[] {
    const left = [...this.#present.values()].filter(({ key }) => !endpoints.has(key));
    this.#present.clear();
    this.#addresses.clear();
    for (const record of endpoints.values()) this.#put(record);
    return left;
  }

  #change({ added, changed, removed }: EndpointChange & { type: 'delta' }): EndpointRecord[] {
    const left: EndpointRecord[] = [];
    for (const key of removed) {
      const record = this.#present.get(key);
      if (!record) continue;
      this.#remove(record);
      left.push(record);
    }
    for (const record of added) this.#put(record);
    for (const record of changed) this.#put(record);
    return left;
  }

  #put(record: EndpointRecord): void {
    const before = this.#present.get(record.key);
    if (before) this.#remove(before);
    this.#present.set(record.key, record);
    this.#addresses.set(record.addr, (this.#addresses.get(record.addr) ?? 0) + 1);
    this.#held.deleteReturned(record);
    this.#recent.deleteReturned(record);
  }

  #remove({ key, addr }: EndpointRecord): void {
    this.#present.delete(key);
    const left = (this.#addresses.get(addr) ?? 1) - 1;
    if (left === 0) this.#addresses.delete(addr);
    else this.#addresses.set(addr, left);
  }
}
