import { withTimeoutSignal } from '../async/index.js';
import { TlsError } from '../errors/index.js';
import type { MemberAddress } from './endpoints.js';
import type { TlsFailure } from './tls-failure.js';
import { speaksPlaintext, speaksTls } from './tls-probe.js';

/** How long a peer that hung up may take to tell which language it speaks. */
const probeMs = 1_000;

/** What TLS has to do with the state of one member's connection. */
export class TlsDiagnosis {
  readonly #member: MemberAddress;
  readonly #speaksTls: boolean;
  readonly #closing = new AbortController();
  #lastError: Promise<TlsError | undefined> | undefined;
  #failedAt: number | undefined;
  /** Connections in a row on which the peer hung up before it said anything. */
  #silentCloses = 0;

  constructor(member: MemberAddress, speaksTls: boolean) {
    this.#member = member;
    this.#speaksTls = speaksTls;
  }

  /** What kept the last connection from being made; undefined when that is not a matter of TLS. */
  async error(): Promise<TlsError | undefined> {
    return this.#lastError;
  }

  /** How long ago that was, in milliseconds. */
  get ageMs(): number | undefined {
    return this.#failedAt === undefined ? undefined : performance.now() - this.#failedAt;
  }

  forget(): void {
    this.#lastError = undefined;
    this.#failedAt = undefined;
  }

  /** The peer speaks the same language. */
  onBytes(): void {
    this.#silentCloses = 0;
    this.forget();
  }

  record(failure: TlsFailure, cause: unknown): void {
    this.#lastError = Promise.resolve(this.#errorOf(failure, cause));
  }

  /** The peer closed a connection on which it had said nothing. */
  onSilentClose(): void {
    this.#silentCloses++;
    // Now and then: a member that restarts hangs up too, and is not to be dialed twice as often for it.
    const isProbeDue = Number.isInteger(Math.log2(this.#silentCloses));
    if (isProbeDue || !this.#lastError) this.#lastError = this.#probeProtocol();
  }

  close(): void {
    this.#closing.abort();
  }

  async #probeProtocol(): Promise<TlsError | undefined> {
    if (this.#closing.signal.aborted) return undefined;
    const other = this.#speaksTls ? speaksPlaintext : speaksTls;
    const speaksOther = await withTimeoutSignal(probeMs, this.#closing.signal, (signal) =>
      other(this.#member, signal),
    );
    if (!speaksOther) return undefined;
    return this.#errorOf(
      this.#speaksTls
        ? { reason: 'not-tls', text: 'the server speaks plaintext, and this client TLS' }
        : { reason: 'tls-expected', text: 'the server speaks TLS, and this client plaintext' },
    );
  }

  #errorOf({ reason, text }: TlsFailure, cause?: unknown): TlsError {
    this.#failedAt = performance.now();
    const { endpoint } = this.#member;
    return new TlsError(
      `member ${endpoint}: ${text}`,
      reason,
      [{ member: endpoint, answer: text, attempts: 1 }],
      cause,
    );
  }
}
