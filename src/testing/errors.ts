import { brand } from '../errors/index.js';

/**
 * No etcd could be found or started. The message is for the person who runs the tests: it lists each attempt with its
 * reason, ends with the tail of etcd's own log, or names the role, user or step that failed when the users of the option
 * `auth` were created.
 */
export class EtcdStartError extends Error {
  static {
    brand(EtcdStartError, 'EtcdStartError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'EtcdStartError';
  /** Each attempt with its reason, one line each; empty when an etcd was found and failed to start. */
  readonly tried: readonly string[];

  constructor(message: string, options: { tried?: readonly string[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.tried = options.tried ?? [];
  }
}

/** An operation would have broken, compacted or wiped an external etcd. Check `canBreak` first. */
export class ExternalEtcdError extends Error {
  static {
    brand(ExternalEtcdError, 'ExternalEtcdError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'ExternalEtcdError';

  constructor(operation: string) {
    super(`${operation}() is refused: an etcd of the source 'external' must not be broken by a test`);
  }
}

/** The text of a thrown value and of its cause, which is the actual reason of `fetch` and Docker errors. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause instanceof Error ? `: ${thrown.cause.message || String(thrown.cause)}` : '';
  return `${thrown.message}${cause}`;
}

/** Whether another process took the port before etcd bound it; a start on other ports may then succeed. */
export function isAddressInUse(thrown: unknown): boolean {
  return /address already in use|port is already allocated|ports are not available/i.test(reasonOf(thrown));
}
