const maxServices = 10_000;

/** How many entries of each service were dropped. The services whose entries were dropped first are forgotten. */
export class DropCounts {
  readonly #maxServices: number;
  /** Undefined is the key of entries that concern all services. */
  readonly #counts = new Map<string | undefined, number>();
  #total = 0;
  #ofForgotten = 0;

  constructor(limit: number = maxServices) {
    this.#maxServices = limit;
  }

  get total(): number {
    return this.#total;
  }

  add(service: string | undefined): void {
    this.#total++;
    this.#counts.set(service, (this.#counts.get(service) ?? 0) + 1);
    if (this.#counts.size > this.#maxServices) this.#forgetOne();
  }

  /** At most how many entries of a service, and of those that concern all, were dropped; 0 only if none was. */
  of(service: string): number {
    return (this.#counts.get(service) ?? this.#ofForgotten) + (this.#counts.get(undefined) ?? 0);
  }

  #forgetOne(): void {
    for (const [service, count] of this.#counts) {
      if (service === undefined) continue;
      this.#counts.delete(service);
      this.#ofForgotten += count;
      return;
    }
  }
}
