import {
  boolean,
  type Check,
  duration,
  number,
  optionsChecker,
  wrongValueError,
} from '../../../model/index.js';

/**
 * When endpoints that disappeared stay visible, and for how long. After an outage or a wipe of etcd the list is short
 * until the servers have registered again. An etcd that shuts down expires leases, because it no longer accepts
 * renewals. Trusting such losses immediately would leave callers without a running server.
 *
 * A service with several key prefixes (a list of codecs) is watched once for each, in no order between them, and its
 * records may move from one to the other. So each of its losses is unconfirmed until a read that began later has verified
 * every prefix: one on an uninterrupted watch for some milliseconds, one after a reconnect or a silence of a prefix for the
 * protection time, whatever its share. A prefix that may no longer be read keeps its last records and is not verified, as
 * long as another one is.
 */
export interface LossProtectionOptions {
  /**
   * The protection time, in milliseconds: etcd must be reachable for this long, without interruption, before it can
   * confirm a suspect loss. Losses within this time count together. Default 10,000, the TTL of a registration: within it
   * every running server registers again. 0 disables the protection: every loss takes effect immediately, and
   * an address that moves from one prefix of a service to another may be missing for a moment.
   */
  readonly protectionMs?: number;
  /**
   * The share of the endpoints known during the last protection time whose loss triggers the protection, above 0 and up
   * to 1. Default 1: only a service that would become empty is protected. 0.5 also protects a service that loses half of
   * its endpoints, even if new ones replace them. Of a service with several prefixes, only the first lists and losses with
   * `includeLive` need it.
   */
  readonly lossThreshold?: number;
  /**
   * Whether a loss on an uninterrupted watch also waits for the protection time. Default false: one linearizable read
   * confirms such a loss, because an operator who deletes the last endpoint intends it.
   */
  readonly includeLive?: boolean;
  /**
   * The interval of the silence check while services are followed, in milliseconds: one small linearizable read for the
   * whole directory, however many services it follows. Without an answer for 1.5 intervals etcd counts as silent, and
   * losses after that are protected as after a reconnect. So 1.5 intervals must be shorter than two thirds of a lease's
   * TTL. Default: a third of the protection time, at most 3,333, a third of a registration's TTL. 0 disables the reads:
   * only pauses of this process are then detected.
   */
  readonly readIntervalMs?: number;
}

const defaultProtectionMs = 10_000;

/** A third of the protection time. A protection time above the default does not make leases last longer. */
export function defaultReadIntervalMs(protectionMs: number): number {
  return Math.min(protectionMs, defaultProtectionMs) / 3;
}

const checkThreshold: Check = (value, name) => {
  number()(value, name);
  if (!((value as number) > 0 && (value as number) <= 1))
    throw wrongValueError(name, value, 'above 0 and at most 1');
};

export const checkLossProtection = optionsChecker<LossProtectionOptions>({
  protectionMs: duration(),
  lossThreshold: checkThreshold,
  includeLive: boolean,
  readIntervalMs: duration(),
});

/** Applies the defaults. */
export function withDefaults(options: LossProtectionOptions = {}): Required<LossProtectionOptions> {
  const { protectionMs = defaultProtectionMs, lossThreshold = 1, includeLive = false } = options;
  const { readIntervalMs = defaultReadIntervalMs(protectionMs) } = options;
  return { protectionMs, lossThreshold, includeLive, readIntervalMs };
}
