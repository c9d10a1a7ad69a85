import { brand } from '../errors/index.js';

/**
 * No etcd could be found or started. The message is meant for the person in front of the screen: it lists what was
 * tried, one line each with its reason, or ends with the tail of etcd's own log.
 */
export class EtcdStartError extends Error {
  static {
    brand(EtcdStartError, 'EtcdStartError');
  }

  override readonly name = 'EtcdStartError';
  /** What was tried, one line each with its reason; empty when an etcd was found and then failed to start. */
  readonly tried: readonly string[];

  constructor(message: string, options: { tried?: readonly string[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.tried = options.tried ?? [];
  }
}

/** Something would have broken, compacted or wiped an external etcd, which is not ours to do. Ask `canBreak` first. */
export class ExternalEtcdError extends Error {
  static {
    brand(ExternalEtcdError, 'ExternalEtcdError');
  }

  override readonly name = 'ExternalEtcdError';

  constructor(verb: string) {
    super(`${verb}() is refused: this etcd was given by name (source 'external') and is not ours to break`);
  }
}

/** The text of whatever was thrown; with the cause, which is where `fetch` and Docker put the real reason. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause instanceof Error ? `: ${thrown.cause.message || String(thrown.cause)}` : '';
  return `${thrown.message}${cause}`;
}

/** Another process took the port between our look and etcd's bind; with new ports the start works. */
export function isAddressInUse(thrown: unknown): boolean {
  return /address already in use|port is already allocated|ports are not available/i.test(reasonOf(thrown));
}
