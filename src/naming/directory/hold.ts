import { InvalidInputError } from '../../errors/index.js';
import { sortByKey } from '../../model/index.js';
import type { EndpointRecord } from '../endpoint.js';

/**
 * When the disappearance of endpoints is doubted. After etcd was wiped, or out of reach for long, the list really is
 * short, and the servers are about to come back; believed at once it would leave callers without any.
 */
export interface HoldOptions {
  /**
   * How long endpoints that have disappeared in a doubtful way are kept, in milliseconds. Default 10,000, the TTL of a
   * registration: by then whoever lives is back. 0 believes everything at once.
   */
  readonly holdMs?: number;
  /**
   * How large a share of the known endpoints must go at once to be doubted, above 0 and up to 1. Default 1: only a
   * service that turns empty. At 0.5 also the loss of every second one, whatever came in their place.
   */
  readonly lossShare?: number;
  /**
   * Whether changes seen as they happen are doubted, too, and not only those found on coming back: a list read anew, or
   * the first changes after a reconnect. Default false: an operator who deletes the last endpoint means it.
   */
  readonly doubtLive?: boolean;
}

export const defaultHold: Required<HoldOptions> = { holdMs: 10_000, lossShare: 1, doubtLive: false };

/** @throws {InvalidInputError} naming the option. */
export function checkHold(options: HoldOptions = {}): Required<HoldOptions> {
  const hold = { ...defaultHold, ...options };
  if (!(typeof hold.holdMs === 'number' && hold.holdMs >= 0))
    throw new InvalidInputError(`hold.holdMs is ${hold.holdMs}; it must be a number of at least 0`);
  if (!(hold.lossShare > 0 && hold.lossShare <= 1))
    throw new InvalidInputError(`hold.lossShare is ${hold.lossShare}; it must be above 0 and at most 1`);
  return hold;
}

interface Held {
  readonly record: EndpointRecord;
  readonly until: number;
}

/** Decides which endpoints to show: those there are, and those whose loss is doubted, for a while. Pure. */
export class Hold {
  readonly #options: Required<HoldOptions>;
  readonly #held = new Map<string, Held>();
  /** Those that went one by one in doubtful moments: they are held, too, once that is a mass. */
  readonly #suspects = new Map<string, Held>();
  #present: ReadonlyMap<string, EndpointRecord> = new Map();

  constructor(options: Required<HoldOptions>) {
    this.#options = options;
  }

  /** The keys that are kept although the store has them no longer. */
  get held(): ReadonlySet<string> {
    return new Set(this.#held.keys());
  }

  /** When the next of them is let go of. */
  get nextEnd(): number | undefined {
    let earliest: number | undefined;
    for (const { until } of this.#held.values())
      if (earliest === undefined || until < earliest) earliest = until;
    return earliest;
  }

  /** What the store has now; `live` when the change was seen as it happened. */
  update(present: ReadonlyMap<string, EndpointRecord>, live: boolean, now: number): void {
    this.expire(now);
    const known = this.#present.size + this.#held.size + this.#suspects.size;
    const gone = [...this.#present].filter(([key]) => !present.has(key));
    const { holdMs, lossShare, doubtLive } = this.#options;
    const lost = gone.length + this.#held.size + this.#suspects.size;
    const isMass = lossShare === 1 ? present.size === 0 : lost >= lossShare * known;
    const doubtful = holdMs > 0 && (!live || doubtLive) && gone.length > 0;
    this.#present = new Map(present);
    const until = now + holdMs;
    if (doubtful) for (const [key, record] of gone) this.#suspects.set(key, { record, until });
    if (doubtful && isMass) this.#holdSuspects(until);
    if (live) this.#suspects.clear(); // what went before that has been believed
    this.#letGoOfReturned();
    this.expire(now);
  }

  /** Lets go of those whose time is over. */
  expire(now: number): void {
    for (const kept of [this.#held, this.#suspects])
      for (const [key, { until }] of kept) if (now >= until) kept.delete(key);
  }

  /** What is to be shown, in key order. */
  shown(): EndpointRecord[] {
    const all = [...this.#present.values(), ...[...this.#held.values()].map(({ record }) => record)];
    return sortByKey(all);
  }

  /** Back under its key, or under another one with the same address. */
  #letGoOfReturned(): void {
    if (this.#held.size + this.#suspects.size === 0) return;
    const addresses = new Set([...this.#present.values()].map(({ addr }) => addr));
    for (const kept of [this.#held, this.#suspects])
      for (const [key, { record }] of kept)
        if (this.#present.has(key) || addresses.has(record.addr)) kept.delete(key);
  }

  #holdSuspects(until: number): void {
    for (const [key, { record }] of this.#suspects) this.#held.set(key, { record, until });
    this.#suspects.clear();
  }
}
