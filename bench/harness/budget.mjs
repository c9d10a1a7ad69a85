/** The time that a run may take, divided among its rows: a row that needs less leaves more to the later ones. */
export class Budget {
  #endsAt;
  #now;

  /** @param ms undefined: there is no limit */
  constructor(ms, now = () => performance.now()) {
    this.#now = now;
    this.#endsAt = ms === undefined ? Number.POSITIVE_INFINITY : now() + ms;
  }

  get leftMs() {
    return Math.max(0, this.#endsAt - this.#now());
  }

  /** The time at which the first of `rows` remaining rows should begin no further round. */
  endOfRow(rows) {
    return this.#now() + this.leftMs / rows;
  }
}
