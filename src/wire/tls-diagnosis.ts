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
  #last: Promise<TlsError | undefined> | undefined;
  #at: number | undefined;
  /** Connections in a row on which the peer hung up before it said anything. */
  #silentCloses = 0;

  constructor(member: MemberAddress, speaksTls: boolean) {
    this.#member = member;
    this.#speaksTls = speaksTls;
  }

  /** What kept the last connection from being made; undefined when that is not a matter of TLS. */
  async error(): Promise<TlsError | undefined> {
    return this.#last;
  }

  /** How long ago that was, in milliseconds. */
  get ageMs(): number | undefined {
    return this.#at === undefined ? undefined : performance.now() - this.#at;
  }

  forget(): void {
    this.#last = undefined;
    this.#at = undefined;
  }

  /** The peer speaks the same language. */
  onBytes(): void {
    this.#silentCloses = 0;
    this.forget();
  }

  record(failure: TlsFailure, cause: unknown): void {
    this.#last = Promise.resolve(this.#found(failure, cause));
  }

  /** The peer closed a connection on which it had said nothing. */
  onSilentClose(): void {
    this.#silentCloses++;
    // Now and then: a member that restarts hangs up too, and is not to be dialed twice as often for it.
    const isTime = Number.isInteger(Math.log2(this.#silentCloses));
    if (isTime || !this.#last) this.#last = this.#askLanguage();
  }

  close(): void {
    this.#closing.abort();
  }

  async #askLanguage(): Promise<TlsError | undefined> {
    if (this.#closing.signal.aborted) return undefined;
    const other = this.#speaksTls ? speaksPlaintext : speaksTls;
    const isOther = await withTimeoutSignal(probeMs, this.#closing.signal, (signal) =>
      other(this.#member, signal),
    );
    if (!isOther) return undefined;
    return this.#found(
      this.#speaksTls
        ? { reason: 'not-tls', text: 'the server speaks plaintext, and this client TLS' }
        : { reason: 'tls-expected', text: 'the server speaks TLS, and this client plaintext' },
    );
  }

  #found({ reason, text }: TlsFailure, cause?: unknown): TlsError {
    this.#at = performance.now();
    const { endpoint } = this.#member;
    return new TlsError(
      `member ${endpoint}: ${text}`,
      reason,
      [{ member: endpoint, answer: text, times: 1 }],
      cause,
    );
  }
}
