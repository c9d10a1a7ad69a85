import type { Weighted } from './edf-scheduler.js';
import type { Traits } from './traits.js';

/** `connecting`: the endpoint has not failed, and may be ready soon. */
export type EndpointState = 'connecting' | 'ready' | 'failed';

/** The state of one endpoint in a {@link WeightedBalancer}. */
export class BalancedEndpoint<T> implements Weighted {
  readonly item: T;
  traits: Traits;
  state: EndpointState = 'connecting';
  /** When its slow start began; undefined for an endpoint without a slow start. */
  slowStartSince: number | undefined;
  readonly #slowStartFactor: (since: number) => number;

  constructor(item: T, traits: Traits, slowStartFactor: (since: number) => number) {
    this.item = item;
    this.traits = traits;
    this.#slowStartFactor = slowStartFactor;
  }

  weight(): number {
    const { weight } = this.traits;
    const full = weight > 0 ? weight : 1; // endpoints of weight 0 are all in the last tier, and equal there
    return this.slowStartSince === undefined ? full : full * this.#slowStartFactor(this.slowStartSince);
  }
}
