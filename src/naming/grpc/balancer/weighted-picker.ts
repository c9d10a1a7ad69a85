import { experimental } from '@grpc/grpc-js';
import type { WeightedBalancer } from '../../balance/index.js';
import type { Leaf } from './leaf.js';

const queuedResult: experimental.PickResult = {
  pickResultType: experimental.PickResultType.QUEUE,
  subchannel: null,
  status: null,
  onCallStarted: null,
  onCallEnded: null,
};

/**
 * Asks the balancer for each call. grpc-js gives all queued calls to each new picker before any new call, so the first
 * picks take the turns that are reserved. If a queued call has ended meanwhile, a new call takes its turn, and no share
 * changes.
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
