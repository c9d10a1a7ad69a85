import { experimental } from '@grpc/grpc-js';
import type { WeightedBalancer } from '../balance/index.js';
import type { Leaf } from './leaf.js';

const queuedResult: experimental.PickResult = {
  pickResultType: experimental.PickResultType.QUEUE,
  subchannel: null,
  status: null,
  onCallStarted: null,
  onCallEnded: null,
};

/**
 * Asks the balancer for each call. While that starts, some calls wait for an endpoint that connects, and with each new
 * picker grpc-js asks for all that wait, before any new call: the first so many asked for are those that have a turn.
 * One of them may have ended meanwhile; a new call then gets its turn, and no share changes.
 */
export class WeightedPicker implements experimental.Picker {
  readonly #balancer: WeightedBalancer<Leaf>;
  #repicksLeft: number;

  constructor(balancer: WeightedBalancer<Leaf>) {
    this.#balancer = balancer;
    this.#repicksLeft = balancer.reserved;
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    const leaf = this.#next()?.item;
    return leaf ? leaf.pick(args) : queuedResult;
  }

  #next() {
    if (this.#repicksLeft === 0 || this.#balancer.reserved === 0) return this.#balancer.pick();
    this.#repicksLeft--;
    return this.#balancer.pickReserved();
  }
}
