import type { Clock } from '../../../async/index.js';
import type { NamingClient } from '../../ports.js';
import { defaultReadIntervalMs, type LossProtectionOptions } from './options.js';
import { SilenceDetector } from './silence-detector.js';

/** Makes the silence detector of a directory, which reads with its client. */
export function createSilenceDetector(
  { kv }: NamingClient,
  clock: Clock,
  { protectionMs, readIntervalMs }: Required<LossProtectionOptions>,
): SilenceDetector {
  return new SilenceDetector({
    clock,
    intervalMs: readIntervalMs || defaultReadIntervalMs(protectionMs),
    readsEnabled: readIntervalMs > 0,
    protectionMs,
    read: (key, options) => kv.range(key, { ...options, limit: 1, keysOnly: true }),
  });
}
