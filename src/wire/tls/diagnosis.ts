import { withTimeoutSignal } from '../../async/index.js';
import { TlsError } from '../../errors/index.js';
import type { MemberAddress } from '../member/endpoints.js';
import type { TlsFailure } from './failure.js';
import { speaksPlaintext, speaksTls } from './probe.js';

/** The time limit for probing the protocol of a peer that closed the connection. */
const probeMs = 1_000;

/** Determines whether TLS is the reason why a member cannot be reached. */
export class TlsDiagnosis {
  readonly #member: MemberAddress;
  readonly #speaksTls: boolean;
  readonly #closing = new AbortController();
  #lastError: Promise<TlsError | undefined> | undefined;
  #failedAt: number | undefined;
  /** The number of consecutive connections that the peer closed without sending anything. */
  #silentCloses = 0;

  constructor(member: MemberAddress, speaksTls: boolean) {
    this.#member = member;
    this.#speaksTls = speaksTls;
  }

  /** The error of the last connection attempt; undefined if TLS is not the cause. */
  async error(): Promise<TlsError | undefined> {
    return this.#lastError;
  }

  /** The time since the last error was recorded, in milliseconds; undefined without an error. */
  get ageMs(): number | undefined {
    return this.#failedAt === undefined ? undefined : performance.now() - this.#failedAt;
  }

  forget(): void {
    this.#lastError = undefined;
    this.#failedAt = undefined;
  }

  /** Called when the peer has sent bytes of the client's protocol. */
  onBytes(): void {
    this.#silentCloses = 0;
    this.forget();
  }

  record(failure: TlsFailure, cause: unknown): void {
    this.#lastError = Promise.resolve(this.#errorOf(failure, cause));
  }

  /** Called when the peer closed a connection without having sent anything. */
  onSilentClose(): void {
    this.#silentCloses++;
    // Probes after 1, 2, 4, … closed connections: a member that restarts closes them too, and a probe is one more dial.
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
        ? { reason: 'not-tls', text: 'the server uses plaintext, but this client uses TLS' }
        : { reason: 'tls-expected', text: 'the server uses TLS, but this client uses plaintext' },
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
