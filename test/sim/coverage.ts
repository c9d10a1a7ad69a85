/** Counts how often each fault hit a subject in each state. */
export class FaultCoverage<F extends string, S extends string> {
  readonly hits: Record<string, number> = {};
  readonly #faults: readonly F[];
  readonly #states: readonly S[];

  constructor(faults: readonly F[], states: readonly S[]) {
    this.#faults = faults;
    this.#states = states;
  }

  hit(fault: F, states: Iterable<S>): void {
    for (const state of states) {
      const cell = `${fault} ${state}`;
      this.hits[cell] = (this.hits[cell] ?? 0) + 1;
    }
  }

  add(hits: Readonly<Record<string, number>>): void {
    for (const [cell, count] of Object.entries(hits)) this.hits[cell] = (this.hits[cell] ?? 0) + count;
  }

  get uncovered(): string[] {
    return this.#faults
      .flatMap((fault) => this.#states.map((state) => `${fault} ${state}`))
      .filter((cell) => !this.hits[cell]);
  }

  table(): string {
    const width = Math.max(...this.#faults.map((fault) => fault.length)) + 2;
    const row = (name: string, values: readonly string[]) =>
      name.padEnd(width) + values.map((value) => value.padStart(13)).join('');
    return [
      row('', this.#states),
      ...this.#faults.map((fault) =>
        row(
          fault,
          this.#states.map((state) => String(this.hits[`${fault} ${state}`] ?? 0)),
        ),
      ),
    ].join('\n');
  }
}
