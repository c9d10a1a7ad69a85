import { duration, optionsChecker, text } from '../../model/index.js';

/** The options of the load balancing policy `etcd_weighted`. */
export interface BalanceOptions {
  /** The caller's own zone, whose endpoints are preferred. Default: none; the zones of endpoints are ignored. */
  readonly zone?: string | undefined;
  /** The time in which a new endpoint's share grows from a tenth to the whole, in milliseconds. Default 0: immediately. */
  readonly slowStartMs?: number | undefined;
  /**
   * How long the first calls of a channel wait for the endpoints that were drawn for them by weight, in milliseconds;
   * then they use any endpoint that is ready. Default 500: a TLS connection over a long distance takes less, and a call
   * whose endpoint does not answer loses no more of its deadline. 0: they use the first endpoint that is ready.
   */
  readonly firstCallWaitMs?: number | undefined;
}

export const defaultFirstCallWaitMs = 500;

export const checkBalance = optionsChecker<BalanceOptions>({
  zone: text,
  slowStartMs: duration(),
  firstCallWaitMs: duration(),
});
