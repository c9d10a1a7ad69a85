import { Code, EtcdError } from '../errors/index.js';
import type { FetchToken } from './authenticator.js';
import { expiryOf } from './jwt.js';

/** The part of a token's life after which it is renewed, while it is still good for the calls under way. */
const renewAfter = 0.8;
/** How long a refusal stands without asking again: each check of a password costs etcd some 70 ms of processor. */
const refusalMs = 1_000;

/**
 * The token that calls carry, one for the whole client. However many calls and streams find it expired at once, it is
 * fetched once.
 */
export class TokenSource {
  readonly #fetch: FetchToken;
  readonly #wallNow: () => number;
  readonly #now: () => number;
  readonly #listeners = new Set<(generation: number) => void>();
  #token: string | undefined;
  #generation = 0;
  #renewAt = Number.POSITIVE_INFINITY;
  #fetching: Promise<void> | undefined;
  #refusal: { readonly error: EtcdError; readonly until: number } | undefined;

  /** @param wallNow Milliseconds of wall-clock time, which is what tokens speak of. */
  constructor(
    fetch: FetchToken,
    wallNow: () => number = () => Date.now(),
    now: () => number = () => performance.now(),
  ) {
    this.#fetch = fetch;
    this.#wallNow = wallNow;
    this.#now = now;
  }

  /** Counts the tokens: 0 before the first. */
  get generation(): number {
    return this.#generation;
  }

  get token(): string | undefined {
    return this.#token;
  }

  /**
   * Resolves when there is a newer token than that of `used`, which was turned down unless it is 0; who comes while
   * one is being fetched waits for that one.
   * @throws what fetching it threw; a refusal again for a second without asking.
   */
  refresh(used: number): Promise<void> {
    if (this.#generation > used) return Promise.resolve();
    if (this.#refusal && this.#now() < this.#refusal.until) return Promise.reject(this.#refusal.error);
    const underWay = this.#fetching;
    return underWay === undefined ? this.#replace(used > 0) : this.#joined(underWay, used);
  }

  /** Fetches the next token in the background once the present one, by its own word, nears its end. */
  renewIfDue(): void {
    const now = this.#wallNow();
    if (now < this.#renewAt) return;
    this.#renewAt = now + refusalMs;
    this.#replace(false).catch(() => {}); // the present token is still good; once it is not, a call will tell
  }

  onChange(listener: (generation: number) => void): void {
    this.#listeners.add(listener);
  }

  /** Never the token itself. */
  toJSON(): object {
    return { generation: this.#generation };
  }

  /** What was begun before the token was turned down may bring the same one again. */
  async #joined(fetching: Promise<void>, used: number): Promise<void> {
    await fetching;
    if (this.#generation <= used) await this.#replace(true);
  }

  #replace(refused: boolean): Promise<void> {
    this.#fetching ??= this.#fetchNow(refused).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchNow(refused: boolean): Promise<void> {
    const before = this.#token;
    try {
      this.#token = await this.#fetch(refused);
    } catch (error) {
      if (error instanceof EtcdError && error.code !== Code.DEADLINE_EXCEEDED)
        this.#refusal = { error, until: this.#now() + refusalMs };
      throw error;
    }
    this.#refusal = undefined;
    // A provider with nothing newer: it is asked again when etcd turns the token down.
    if (!refused && before !== undefined && this.#token === before) {
      this.#renewAt = Number.POSITIVE_INFINITY;
      return;
    }
    this.#renewAt = this.#renewalOf(this.#token);
    this.#generation++;
    for (const listener of this.#listeners) listener(this.#generation);
  }

  #renewalOf(token: string | undefined): number {
    const expiry = token === undefined ? undefined : expiryOf(token);
    if (expiry === undefined) return Number.POSITIVE_INFINITY;
    const now = this.#wallNow();
    return now + Math.max(refusalMs, (expiry - now) * renewAfter);
  }
}
