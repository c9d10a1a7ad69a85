import { callSafely, processWarning, systemClock } from '../../async/index.js';
import { Code, EtcdError } from '../../errors/index.js';
import type { NamingClient } from '../ports.js';

/** The delay between the first failure and the warning. It is not emitted if the record is stored until then. */
const warnAfterMs = 1_000;

/**
 * Reports why the first record is not stored yet while `register` waits, from the first failure on. Failures of members
 * are reported as well: they occur long before a request's deadline. Without a callback it emits one process warning.
 */
export class InitialFailureReporter {
  readonly #key: string;
  readonly #onFailure: ((error: EtcdError) => void) | undefined;
  readonly #closed = new AbortController();
  #last: EtcdError | undefined;
  #cancelWarning: (() => void) | undefined;

  constructor(client: NamingClient, key: string, onFailure: ((error: EtcdError) => void) | undefined) {
    this.#key = key;
    this.#onFailure = onFailure;
    this.#follow(client).catch(() => {}); // ended by close()
  }

  report(error: EtcdError): void {
    if (this.#closed.signal.aborted) return;
    this.#last = error;
    const onFailure = this.#onFailure;
    if (onFailure) callSafely(() => onFailure(error), processWarning('onFailure of register()'));
    else this.#warnSoon();
  }

  close(): void {
    this.#closed.abort();
    this.#cancelWarning?.();
  }

  async #follow(client: NamingClient): Promise<void> {
    const { signal } = this.#closed;
    for await (const event of client.status?.({ signal }) ?? []) {
      if (event.type === 'member-unhealthy') this.report(event.error ?? toError(event));
    }
  }

  #warnSoon(): void {
    this.#cancelWarning ??= systemClock.setTimer(warnAfterMs, () => {
      const text = `'${this.#key}' is not registered yet; register() keeps trying: ${this.#last?.message}`;
      process.emitWarning(text, { code: 'ETCD_NAMING_REGISTER' });
    });
  }
}

function toError({
  endpoint,
  failure,
}: {
  readonly endpoint?: string;
  readonly failure?: string;
}): EtcdError {
  return new EtcdError(`member ${endpoint}: ${failure}`, { code: Code.UNAVAILABLE, verdict: 'not-applied' });
}
