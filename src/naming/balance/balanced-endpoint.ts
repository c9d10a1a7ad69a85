import type { Weighted } from './edf-scheduler.js';
import type { Traits } from './traits.js';

/** `connecting`: it has not failed, and may take calls soon. */
export type EndpointState = 'connecting' | 'ready' | 'failed';

/** An endpoint that can be picked, as the one who picks sees it. */
export class BalancedEndpoint<T> implements Weighted {
  readonly item: T;
  traits: Traits;
  state: EndpointState = 'connecting';
  /** When its slow start began; undefined when it is no newcomer. */
  slowStartSince: number | undefined;
  readonly #slowStartFactor: (since: number) => number;

  constructor(item: T, traits: Traits, slowStartFactor: (since: number) => number) {
    this.item = item;
    this.traits = traits;
    this.#slowStartFactor = slowStartFactor;
  }

  weight(): number {
    const { weight } = this.traits;
    const full = weight > 0 ? weight : 1; // of weight 0 are only the last resorts, which are alike
    return this.slowStartSince === undefined ? full : full * this.#slowStartFactor(this.slowStartSince);
  }
}
