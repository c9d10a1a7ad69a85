import {
  boolean,
  type Check,
  duration,
  number,
  optionsChecker,
  wrongValueError,
} from '../../../model/index.js';

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
   * The thresholdCheck of the endpoints known during the last protection time that has to be lost for the loss to be doubted,
   * above 0 and up to 1. Default 1: only a service that would become empty. At 0.5 also one that loses half of them,
   * whatever came in their place.
   */
  readonly lossThreshold?: number;
  /**
   * Whether such a loss is kept for the protection time also when it is seen as it happens. Default false: a live loss
   * is believed as soon as a linearizable read confirms it, since an operator who deletes the last endpoint means it.
   */
  readonly includeLive?: boolean;
  /**
   * How often etcd is asked for an answer while services are followed, in milliseconds: one small linearizable read for
   * the whole directory, however many services it follows. Where none was answered for one and a half times as long,
   * etcd counts as silent, and a loss after that as one after a reconnect; so two thirds of a lease's time must be more
   * than that. Default: a third of the protection time, and 3,333 at most, a third of a registration's TTL. 0 asks
   * nothing: of silences, only those of this process are noticed then.
   */
  readonly readIntervalMs?: number;
}

const defaultProtectionMs = 10_000;

/** A third of the protection time, of which a longer one makes no lease last longer. */
export function defaultReadIntervalMs(protectionMs: number): number {
  return Math.min(protectionMs, defaultProtectionMs) / 3;
}

const thresholdCheck: Check = (value, name) => {
  number()(value, name);
  if (!((value as number) > 0 && (value as number) <= 1))
    throw wrongValueError(name, value, 'above 0 and at most 1');
};

export const lossProtectionInput = optionsChecker<LossProtectionOptions>({
  protectionMs: duration(),
  lossThreshold: thresholdCheck,
  includeLive: boolean,
  readIntervalMs: duration(),
});

/** The options with their defaults. */
export function withDefaults(options: LossProtectionOptions = {}): Required<LossProtectionOptions> {
  const { protectionMs = defaultProtectionMs, lossThreshold = 1, includeLive = false } = options;
  const { readIntervalMs = defaultReadIntervalMs(protectionMs) } = options;
  return { protectionMs, lossThreshold, includeLive, readIntervalMs };
}
