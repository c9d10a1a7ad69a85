import { experimental } from '@grpc/grpc-js';
import type { Balance } from '../balance/index.js';
import type { Leaf } from './leaf.js';

const queued: experimental.PickResult = {
  pickResultType: experimental.PickResultType.QUEUE,
  subchannel: null,
  status: null,
  onCallStarted: null,
  onCallEnded: null,
};

/**
 * Asks the balance for each call. While that starts, some calls wait for an endpoint that connects, and with each new
 * picker grpc-js asks for all that wait, before any new call: the first so many asked for are those that have a turn.
 * One of them may have ended meanwhile; a new call then gets its turn, and no share changes.
 */
export class BalancePicker implements experimental.Picker {
  readonly #balance: Balance<Leaf>;
  #askAgain: number;

  constructor(balance: Balance<Leaf>) {
    this.#balance = balance;
    this.#askAgain = balance.owed;
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    const leaf = this.#next()?.item;
    return leaf ? leaf.pick(args) : queued;
  }

  #next() {
    if (this.#askAgain === 0 || this.#balance.owed === 0) return this.#balance.pick();
    this.#askAgain--;
    return this.#balance.pickOwed();
  }
}
