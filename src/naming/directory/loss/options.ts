import { InvalidInputError } from '../../../errors/index.js';

/**
 * When the loss of endpoints is doubted, and for how long. After etcd was wiped or out of reach the list really is
 * short, and the servers are about to register again; and an etcd that shuts down expires leases, because it no longer
 * takes their renewals. Believed at once, either would leave callers without a server that lives.
 */
export interface LossProtectionOptions {
  /**
   * The protection time, in milliseconds: how long etcd has to be reachable, without interruption, before a loss in
   * doubt is believed, and over which losses are counted together. Default 10,000, the TTL of a registration: by then
   * every server that lives has registered again. 0 turns the protection off: every loss is believed at once.
   */
  readonly protectionMs?: number;
  /**
   * The share of the endpoints known during the last protection time that has to be lost for the loss to be doubted,
   * above 0 and up to 1. Default 1: only a service that would become empty. At 0.5 also one that loses half of them,
   * whatever came in their place.
   */
  readonly lossThreshold?: number;
  /**
   * Whether such a loss is kept for the protection time also when it is seen as it happens. Default false: a live loss
   * is believed as soon as a linearizable read confirms it, since an operator who deletes the last endpoint means it.
   */
  readonly includeLive?: boolean;
}

const defaults: Required<LossProtectionOptions> = {
  protectionMs: 10_000,
  lossThreshold: 1,
  includeLive: false,
};

/** @throws {InvalidInputError} naming the option. */
export function checkLossProtection(options: LossProtectionOptions = {}): Required<LossProtectionOptions> {
  const checked = { ...defaults, ...options };
  const { protectionMs, lossThreshold } = checked;
  if (!(typeof protectionMs === 'number' && protectionMs >= 0))
    throw new InvalidInputError(
      `lossProtection.protectionMs is ${protectionMs}; it must be a number of at least 0`,
    );
  if (!(lossThreshold > 0 && lossThreshold <= 1))
    throw new InvalidInputError(
      `lossProtection.lossThreshold is ${lossThreshold}; it must be above 0 and at most 1`,
    );
  return checked;
}
