/** The picks of one endpoint. Whatever picks the endpoint increments `picks`, without a look-up. */
export interface PickCount {
  picks: number;
  /** How many parts use it now. */
  users: number;
}

/** Under which name the picks of an endpoint are counted, and where. */
export interface CountedEndpoint {
  readonly counts: PickCounts;
  readonly name: string;
}

/** More endpoints than this are counted together. */
export const maxCountedEndpoints = 100;
/** The name of those in a snapshot. */
const others = 'other';

/**
 * The picks by endpoint of one service. An endpoint that leaves keeps its count until its place is needed: its picks are
 * then added to those of `other`, so that the sum never decreases.
 */
export class PickCounts {
  readonly #counts = new Map<string, PickCount>();
  readonly #others = newCount();

  /** Returns the count of an endpoint, which is kept until `release`. */
  use(name: string): PickCount {
    const count = this.#counts.get(name) ?? this.#add(name);
    count.users++;
    return count;
  }

  release(count: PickCount): void {
    count.users--;
  }

  snapshot(): Readonly<Record<string, number>> {
    const entries = [...this.#counts].map(([name, { picks }]) => [name, picks] as const);
    const { picks } = this.#others;
    return Object.fromEntries(picks > 0 ? [...entries, [others, picks] as const] : entries);
  }

  #add(name: string): PickCount {
    if (this.#counts.size >= maxCountedEndpoints && !this.#removeUnused()) return this.#others;
    const count = newCount();
    this.#counts.set(name, count);
    return count;
  }

  /** Removes the oldest endpoint without users. Returns false if there is none. */
  #removeUnused(): boolean {
    for (const [name, { users, picks }] of this.#counts) {
      if (users > 0) continue;
      this.#others.picks += picks;
      return this.#counts.delete(name);
    }
    return false;
  }
}

function newCount(): PickCount {
  return { picks: 0, users: 0 };
}
