import {
  type ClientDiagnostics,
  type TokenCause,
  type TokenDiagnostics,
  tokenTopic,
} from '../../diagnostics/index.js';
import { ClosedError, toEtcdError } from '../../errors/index.js';
import { withoutProviderText } from './provider-errors.js';

/** Counts and publishes the requests for a client's tokens. */
export class TokenRecord {
  readonly #diagnostics: ClientDiagnostics;

  constructor(diagnostics: ClientDiagnostics) {
    this.#diagnostics = diagnostics;
  }

  renewed(cause: TokenCause, generation: number, durationMs: number): void {
    this.#diagnostics.counters.tokens[cause]++;
    if (this.#isWanted) this.#publish({ type: 'renewed', cause, generation, durationMs });
  }

  /** There is no newer token. */
  kept(type: 'unchanged' | 'not-needed', cause: TokenCause, durationMs: number): void {
    if (this.#isWanted) this.#publish({ type, cause, durationMs });
  }

  /** The end of the client is not a failure. */
  failed(cause: TokenCause, error: unknown, durationMs: number): void {
    if (error instanceof ClosedError) return;
    this.#diagnostics.counters.tokenFailures++;
    if (!this.#isWanted) return;
    this.#publish({ type: 'failed', cause, error: withoutProviderText(toEtcdError(error)), durationMs });
  }

  get #isWanted(): boolean {
    return this.#diagnostics.wants(tokenTopic);
  }

  #publish(event: TokenDiagnostics): void {
    this.#diagnostics.publish(tokenTopic, event);
  }
}
