import { type ClientDiagnostics, connectionTopic } from '../../diagnostics/index.js';
import type { EtcdError } from '../../errors/index.js';

/** Counts and publishes the connections to one member. */
export class ConnectionRecord {
  readonly #diagnostics: ClientDiagnostics;
  readonly #endpoint: string;
  /** The text of the last failure that was published since the last connection. */
  #failure: string | undefined;

  constructor(diagnostics: ClientDiagnostics, endpoint: string) {
    this.#diagnostics = diagnostics;
    this.#endpoint = endpoint;
  }

  made(): void {
    this.#diagnostics.counters.connectionsMade++;
    this.#failure = undefined;
    this.#publish('connected');
  }

  lost(): void {
    this.#diagnostics.counters.connectionsLost++;
    this.#publish('disconnected');
  }

  replaced(): void {
    this.#publish('replaced');
  }

  /** Called for each caller that waits for the attempt, and for callers that get its result afterwards. */
  failed(error: EtcdError): void {
    const diagnostics = this.#diagnostics;
    const { message } = error;
    if (this.#failure === message || !diagnostics.wants(connectionTopic)) return;
    this.#failure = message;
    diagnostics.publish(connectionTopic, { type: 'failed', endpoint: this.#endpoint, error });
  }

  #publish(type: 'connected' | 'disconnected' | 'replaced'): void {
    const diagnostics = this.#diagnostics;
    if (diagnostics.wants(connectionTopic))
      diagnostics.publish(connectionTopic, { type, endpoint: this.#endpoint });
  }
}
