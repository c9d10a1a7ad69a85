import { backoffDelay, type Clock, systemClock } from '../async/index.js';
import { Code, EtcdError } from '../errors/index.js';
import { expiryOf } from './jwt.js';
import { ShortenablePause } from './shortenable-pause.js';
import type { FetchToken } from './token-fetcher.js';

/**
 * The part of a token's life after which it is renewed, while it is still good for the calls under way. Random within
 * these bounds: a fleet that got its tokens in one moment does not renew them in one.
 */
const renewalShare = { min: 0.65, max: 0.85 };
/** A failed renewal is repeated no sooner. */
const renewalPauseMs = 1_000;
/**
 * How long a failure stands without another request, doubling: each check of a password costs etcd some 70 ms of
 * processor. Shorter for what may change without the client: a provider's token, a password function's password.
 */
const failureCacheMs = { min: 1_000, max: 30_000, maxTransient: 5_000 };
/**
 * Every change of a user or role makes the JWTs of all clients old at the same moment. They ask for new ones at random
 * moments within this time.
 */
const fleetJitterMs = 1_000;
/** A caller waits at most this share of its remaining time for the pauses here. */
const pauseShare = 0.25;
/** A token refused this soon after it was issued was not refused for its age: the next ones are fetched with pauses. */
const youngMs = 5_000;
const youngPause = { baseMs: 100, maxMs: 5_000 };

/** Why a newer token is needed, and how long the one who needs it can wait. */
export interface RefreshReason {
  /** How the used one was refused. */
  readonly cause?: EtcdError | undefined;
  readonly withinMs?: number;
}

export interface TokenPorts {
  readonly clock: Clock;
  /** Milliseconds of wall-clock time, by which tokens expire. Default: the machine's. */
  readonly wallNow?: () => number;
  readonly random: () => number;
}

const systemPorts: TokenPorts = { clock: systemClock, random: Math.random };

/**
 * The token that calls carry, one for the whole client. However many calls and streams find it expired at once, it is
 * fetched once.
 */
export class TokenSource {
  readonly #fetch: FetchToken;
  readonly #ports: TokenPorts;
  readonly #wallNow: () => number;
  readonly #listeners = new Set<(generation: number) => void>();
  readonly #pause: ShortenablePause;
  #token: string | undefined;
  #generation = 0;
  #isUnchanged = false;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #renewAt = Number.POSITIVE_INFINITY;
  #fetching: Promise<void> | undefined;
  /** Tokens refused while young, in a row. */
  #refusedYoung = 0;
  #failures = 0;
  #failure: { readonly error: EtcdError; readonly until: number } | undefined;

  constructor(fetch: FetchToken, ports: TokenPorts = systemPorts) {
    this.#fetch = fetch;
    this.#ports = ports;
    this.#wallNow = ports.wallNow ?? (() => Date.now());
    this.#pause = new ShortenablePause(ports.clock);
  }

  /** Counts the tokens: 0 before the first. */
  get generation(): number {
    return this.#generation;
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** Whether the present token is the one that was refused: its provider has no other. */
  get isUnchanged(): boolean {
    return this.#isUnchanged;
  }

  /**
   * Resolves when there is a newer token than that of `used`, which was refused unless it is 0; who comes while one is
   * being fetched waits for that one.
   * @throws what fetching it threw; a failure again, for a while that doubles, without a request.
   */
  refresh(used: number, reason: RefreshReason = {}): Promise<void> {
    if (this.#generation > used) return Promise.resolve();
    if (this.#failure && this.#ports.clock.now() < this.#failure.until)
      return Promise.reject(this.#failure.error);
    const maxPauseMs = (reason.withinMs ?? Number.POSITIVE_INFINITY) * pauseShare;
    const pending = this.#fetching;
    if (pending === undefined)
      return this.#replace(used > 0, Math.min(this.#pauseMs(used, reason), maxPauseMs));
    this.#pause.shorten(maxPauseMs);
    return this.#join(pending, used);
  }

  /** Fetches the next token in the background once the present one nears the end that it states. */
  renewIfDue(): void {
    const now = this.#wallNow();
    if (now < this.#renewAt) return;
    this.#renewAt = now + renewalPauseMs;
    this.#replace(false).catch(() => {}); // the present token is still good; once it is not, a call is refused
  }

  /** The token is of no use, and there is no other: calls go without one and are refused, instead of unanswered. */
  discard(used: number): void {
    if (this.#generation !== used) return;
    this.#renewAt = Number.POSITIVE_INFINITY;
    this.#setToken(undefined);
  }

  onChange(listener: (generation: number) => void): void {
    this.#listeners.add(listener);
  }

  /** Never the token itself. */
  toJSON(): object {
    return { generation: this.#generation };
  }

  /** What was begun before the token was refused may bring the same one again. */
  async #join(fetching: Promise<void>, used: number): Promise<void> {
    await fetching;
    if (this.#generation <= used) await this.#replace(true);
  }

  #replace(refused: boolean, pauseMs = 0): Promise<void> {
    this.#fetching ??= this.#fetchNow(refused, pauseMs).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  #pauseMs(used: number, { cause }: RefreshReason): number {
    const { clock, random } = this.#ports;
    if (cause?.reason === 'AuthOldRevision') return random() * fleetJitterMs;
    if (used === 0) return 0;
    if (clock.now() - this.#fetchedAt > youngMs) this.#refusedYoung = 0;
    // The first may be the store's own doing: it was restarted, or the user's password changed.
    return this.#refusedYoung++ === 0 ? 0 : backoffDelay(youngPause, this.#refusedYoung - 2, random);
  }

  async #fetchNow(refused: boolean, pauseMs: number): Promise<void> {
    if (pauseMs > 0) await this.#pause.wait(pauseMs);
    const before = this.#token;
    let token: string | undefined;
    try {
      token = await this.#fetch(refused);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
    this.#failures = 0;
    this.#failure = undefined;
    this.#isUnchanged = refused && before !== undefined && token === before;
    // A provider with nothing newer: it is asked again when etcd refuses the token.
    if (!refused && before !== undefined && token === before) {
      this.#renewAt = Number.POSITIVE_INFINITY;
      return;
    }
    this.#renewAt = this.#renewalTimeOf(token);
    this.#fetchedAt = this.#ports.clock.now();
    this.#setToken(token);
  }

  #setToken(token: string | undefined): void {
    this.#token = token;
    this.#generation++;
    for (const listener of this.#listeners) listener(this.#generation);
  }

  /** That no member could be reached in time costs etcd nothing, and may be over at any moment. */
  #failed(error: unknown): void {
    if (!(error instanceof EtcdError) || error.code === Code.DEADLINE_EXCEEDED) return;
    const { min, max, maxTransient } = failureCacheMs;
    const bound = Math.min(min * 2 ** Math.min(this.#failures++, 30), max);
    const limit = error.verdict === 'final' ? bound : Math.min(bound, maxTransient);
    const ms = limit * (1 - this.#ports.random() / 4);
    this.#failure = { error, until: this.#ports.clock.now() + ms };
  }

  /** An end that is past on arrival is no information: the clocks differ, or the provider's token is a dead one. */
  #renewalTimeOf(token: string | undefined): number {
    const { random } = this.#ports;
    const expiry = token === undefined ? undefined : expiryOf(token);
    const now = this.#wallNow();
    if (expiry === undefined || expiry <= now) return Number.POSITIVE_INFINITY;
    const share = renewalShare.min + random() * (renewalShare.max - renewalShare.min);
    return now + Math.max(renewalPauseMs, (expiry - now) * share);
  }
}
