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

/** What is wrong with options of the balancer, as `<option> is ...`; undefined when nothing is. */
export function balanceProblem(
  options: { readonly [name in keyof BalanceOptions]: unknown },
): string | undefined {
  if (options.zone !== undefined && typeof options.zone !== 'string') return 'zone is not a string';
  for (const name of ['slowStartMs', 'firstCallWaitMs'] as const) {
    const ms = options[name];
    if (ms !== undefined && !(typeof ms === 'number' && ms >= 0))
      return `${name} is ${String(ms)}; it must be a number of at least 0`;
  }
  return undefined;
}
