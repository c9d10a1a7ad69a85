import type { Attributes } from '@opentelemetry/api';

/** One value of an instrument. */
export interface Series {
  readonly attributes: Attributes;
  value: number;
}

/** The series of one instrument, by their attributes, which are texts. */
export class SeriesTable {
  readonly #series = new Map<string, Series>();

  /** Replaces the value of a series. */
  set(attributes: Attributes, value: number): void {
    this.#series.set(keyOf(attributes), { attributes, value });
  }

  /** Adds to the value of a series. */
  add(attributes: Attributes, value: number): void {
    const key = keyOf(attributes);
    const known = this.#series.get(key);
    if (known) known.value += value;
    else this.#series.set(key, { attributes, value });
  }

  [Symbol.iterator](): IterableIterator<Series> {
    return this.#series.values();
  }

  /** The series that `other` does not have. */
  *without(other: SeriesTable): Iterable<Series> {
    for (const [key, series] of this.#series) if (!other.#series.has(key)) yield series;
  }
}

/** Each instrument makes its attributes in one order. */
function keyOf(attributes: Attributes): string {
  return JSON.stringify(attributes);
}
