import type { HeldReport, Span } from './messages.js';

/** What a holder reads of its lock or term. */
export interface Ownership {
  readonly held: boolean;
  readonly signal: Pick<AbortSignal, 'aborted'>;
}

/** Reads `held` between two readings of the clock, and `signal` after it. */
export class HeldSamples {
  readonly #now: () => number;
  #first: Span | undefined;
  #last: Span | undefined;
  #isLost = false;
  #samples = 0;
  #again = 0;
  #unaborted = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether `held` was read as false. */
  get isLost(): boolean {
    return this.#isLost;
  }

  take(ownership: Ownership): boolean {
    const from = this.#now();
    const { held } = ownership;
    const { aborted } = ownership.signal;
    const span: Span = [from, this.#now()];
    this.#samples++;
    if (held) {
      this.#first ??= span;
      this.#last = span;
      if (this.#isLost) this.#again++;
    } else {
      this.#isLost = true;
      if (!aborted) this.#unaborted++;
    }
    return held;
  }

  report(request: number, renewedAt: number | undefined): HeldReport {
    return {
      type: 'held',
      request,
      ...(this.#first && { first: this.#first }),
      ...(this.#last && { last: this.#last }),
      samples: this.#samples,
      again: this.#again,
      unaborted: this.#unaborted,
      ...(renewedAt !== undefined && { renewedAt }),
    };
  }
}
