import { Broadcast, backoffDelay, type Clock, inRootContext, systemClock } from '../../async/index.js';
import type { TokenCause } from '../../diagnostics/index.js';
import { Code, EtcdError } from '../../errors/index.js';
import { ShortenablePause } from '../call/shortenable-pause.js';
import { expiryOf } from './jwt.js';
import type { FetchToken } from './token-fetcher.js';
import type { TokenRecord } from './token-record.js';

/**
 * The share of a token's lifetime after which it is renewed, while it is still valid for calls in flight. Random within
 * these bounds, so that a fleet that got its tokens at one moment does not renew them at one moment.
 */
const renewalShare = { min: 0.65, max: 0.85 };
/** The minimum pause before a failed renewal is repeated. */
const renewalPauseMs = 1_000;
/**
 * How long a failure is returned without another request, doubling, because each check of a password costs etcd some 70
 * ms of processor time. Transient failures, such as a provider's, are cached for less time.
 */
const failureCacheMs = { min: 1_000, max: 30_000, maxTransient: 5_000 };
/**
 * Every change of a user or role invalidates the JWTs of all clients at the same moment. The clients request new ones at
 * random moments within this time.
 */
const fleetJitterMs = 1_000;
/** The largest share of its remaining time that a caller waits for a pause before the request. */
const pauseShare = 0.25;
/** A token that is refused within this time of its issue has not expired. Further tokens are fetched after pauses. */
const youngMs = 5_000;
const youngPause = { baseMs: 100, maxMs: 5_000 };

/** Why a newer token is needed, and how long the caller can wait. */
export interface RefreshReason {
  /** The error that refused the present token. */
  readonly cause?: EtcdError | undefined;
  /** The caller's remaining time in milliseconds. Default: no limit. */
  readonly withinMs?: number;
  /** Whether the present token was not refused, but seems to belong to a store that was replaced. Default: false. */
  readonly isOfReplacedStore?: boolean;
}

export interface TokenPorts {
  readonly clock: Clock;
  /** The wall-clock time in milliseconds, by which tokens expire. Default: `Date.now`. */
  readonly wallNow?: () => number;
  readonly random: () => number;
  /** Default: nothing is recorded. */
  readonly record?: TokenRecord;
}

const systemPorts: TokenPorts = { clock: systemClock, random: Math.random };

/**
 * The token of a client. It is fetched once, however many calls and streams need a new one at the same time.
 */
export class TokenSource {
  readonly #fetch: FetchToken;
  readonly #ports: TokenPorts;
  readonly #wallNow: () => number;
  readonly #changes = new Broadcast<number>();
  readonly #pause: ShortenablePause;
  #token: string | undefined;
  #generation = 0;
  #isUnchanged = false;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #renewAt = Number.POSITIVE_INFINITY;
  #fetching: Promise<void> | undefined;
  /** The number of consecutive tokens that were refused soon after their issue. */
  #refusedYoung = 0;
  #failures = 0;
  #failure: { readonly error: EtcdError; readonly until: number } | undefined;

  constructor(fetch: FetchToken, ports: TokenPorts = systemPorts) {
    this.#fetch = fetch;
    this.#ports = ports;
    this.#wallNow = ports.wallNow ?? (() => Date.now());
    this.#pause = new ShortenablePause(ports.clock);
  }

  /** The number of tokens set so far; 0 before the first. A fetch that returns the same token for a renewal does not count. */
  get generation(): number {
    return this.#generation;
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** Whether the last fetch returned the refused token again, because its provider has no other. */
  get isUnchanged(): boolean {
    return this.#isUnchanged;
  }

  /**
   * Resolves when there is a newer token than that of generation `used`, which was refused unless it is 0. Concurrent
   * callers share one fetch.
   * @throws the error of the fetch. For a time that doubles with each failure, the error is thrown again without a fetch.
   */
  refresh(used: number, reason: RefreshReason = {}): Promise<void> {
    if (this.#generation > used) return Promise.resolve();
    if (this.#failure && this.#ports.clock.now() < this.#failure.until)
      return Promise.reject(this.#failure.error);
    const maxPauseMs = (reason.withinMs ?? Number.POSITIVE_INFINITY) * pauseShare;
    const pending = this.#fetching;
    if (pending === undefined)
      return this.#replace(causeOf(used, reason), Math.min(this.#pauseMs(used, reason), maxPauseMs));
    this.#pause.shorten(maxPauseMs);
    return this.#join(pending, used, reason);
  }

  /** Fetches the next token in the background once the present one approaches its expiry. */
  renewIfDue(): void {
    const now = this.#wallNow();
    if (now < this.#renewAt) return;
    this.#renewAt = now + renewalPauseMs;
    this.#replace('expiring').catch(() => {}); // the present token is still valid; once it is not, a call is refused
  }

  /** Drops a stale token that cannot be replaced. Calls are then sent without a token, and refused instead of blocked. */
  discard(used: number): void {
    if (this.#generation !== used) return;
    this.#renewAt = Number.POSITIVE_INFINITY;
    this.#setToken(undefined);
  }

  onChange(listener: (generation: number) => void): void {
    this.#changes.listen(listener);
  }

  /** Does not contain the token. */
  toJSON(): object {
    return { generation: this.#generation };
  }

  /** Waits for a fetch that started before the refusal and may therefore return the same token; fetches again then. */
  async #join(fetching: Promise<void>, used: number, reason: RefreshReason): Promise<void> {
    await fetching;
    if (this.#generation <= used) await this.#replace(causeOf(used, reason));
  }

  #replace(cause: TokenCause, pauseMs = 0): Promise<void> {
    this.#fetching ??= inRootContext(() => this.#fetchNow(cause, pauseMs)).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  #pauseMs(used: number, { cause }: RefreshReason): number {
    const { clock, random } = this.#ports;
    if (cause?.reason === 'AuthOldRevision') return random() * fleetJitterMs;
    if (used === 0) return 0;
    if (clock.now() - this.#fetchedAt > youngMs) this.#refusedYoung = 0;
    // The first refusal may have a cause in etcd: a restart, or a changed password.
    return this.#refusedYoung++ === 0 ? 0 : backoffDelay(youngPause, this.#refusedYoung - 2, random);
  }

  async #fetchNow(cause: TokenCause, pauseMs: number): Promise<void> {
    if (pauseMs > 0) await this.#pause.wait(pauseMs);
    const { clock, record } = this.#ports;
    const refused = cause === 'refused' || cause === 'replaced-store';
    const before = this.#token;
    const startedAt = clock.now();
    const elapsedMs = () => clock.now() - startedAt;
    let token: string | undefined;
    try {
      token = await this.#fetch(refused);
    } catch (error) {
      this.#failed(error);
      record?.failed(cause, error, elapsedMs());
      throw error;
    }
    this.#failures = 0;
    this.#failure = undefined;
    this.#isUnchanged = refused && before !== undefined && token === before;
    // The provider has no newer token. It is called again when etcd refuses the present one.
    if (!refused && before !== undefined && token === before) {
      this.#renewAt = Number.POSITIVE_INFINITY;
      record?.kept('unchanged', cause, elapsedMs());
      return;
    }
    this.#renewAt = this.#renewalTimeOf(token);
    this.#fetchedAt = clock.now();
    this.#setToken(token);
    if (token === undefined) record?.kept('not-needed', cause, elapsedMs());
    else if (this.#isUnchanged) record?.kept('unchanged', cause, elapsedMs());
    else record?.renewed(cause, this.#generation, elapsedMs());
  }

  #setToken(token: string | undefined): void {
    this.#token = token;
    this.#generation++;
    this.#changes.publish(this.#generation);
  }

  /** Caches the failure. A timeout is not cached: it has taken long already, and the next attempt may succeed. */
  #failed(error: unknown): void {
    if (!(error instanceof EtcdError) || error.code === Code.DEADLINE_EXCEEDED) return;
    const { min, max, maxTransient } = failureCacheMs;
    const bound = Math.min(min * 2 ** Math.min(this.#failures++, 30), max);
    const limit = error.verdict === 'final' ? bound : Math.min(bound, maxTransient);
    const ms = limit * (1 - this.#ports.random() / 4);
    this.#failure = { error, until: this.#ports.clock.now() + ms };
  }

  /** An expiry in the past is ignored: the clocks differ, or the provider returned an expired token. */
  #renewalTimeOf(token: string | undefined): number {
    const { random } = this.#ports;
    const expiry = token === undefined ? undefined : expiryOf(token);
    const now = this.#wallNow();
    if (expiry === undefined || expiry <= now) return Number.POSITIVE_INFINITY;
    const share = renewalShare.min + random() * (renewalShare.max - renewalShare.min);
    return now + Math.max(renewalPauseMs, (expiry - now) * share);
  }
}

function causeOf(used: number, { isOfReplacedStore = false }: RefreshReason): TokenCause {
  if (used === 0) return 'initial';
  return isOfReplacedStore ? 'replaced-store' : 'refused';
}
