import { duration, optionsChecker, text } from '../../model/index.js';

export interface BalanceOptions {
  /** The zone to prefer. Default: none, all endpoints are alike. */
  readonly zone?: string | undefined;
  /** How long a newcomer takes to reach its full share, in milliseconds. Default 0: at once. */
  readonly slowStartMs?: number | undefined;
  /**
   * How long the first calls of a channel wait for the endpoints that they were given by weight, in milliseconds;
   * after it they go to any that is connected. Default 500: a connection over a long way with TLS takes less, and a
   * call whose endpoint does not answer loses no more of its deadline. 0: they go to the first that connects.
   */
  readonly firstCallWaitMs?: number | undefined;
}

export const defaultFirstCallWaitMs = 500;

export const balanceInput = optionsChecker<BalanceOptions>({
  zone: text,
  slowStartMs: duration(),
  firstCallWaitMs: duration(),
});
