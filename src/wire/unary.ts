import type { Metadata } from '@grpc/grpc-js';
import { backoffDelay, type Clock, raceAbort, withAnySignal, withTimeout } from '../async/index.js';
import {
  AmbiguousWriteError,
  ClosedError,
  Code,
  DeadlineError,
  EtcdError,
  markMaybeApplied,
  nameOf,
  needsToken,
  notEtcd,
  type RequestDescription,
  requestError,
  toEtcdError,
} from '../errors/index.js';
import { AttemptLog, describe } from './attempt-log.js';
import type { AuthOptions } from './auth.js';
import { attemptUnary, type RunningCall } from './call.js';
import type { CallMetadata } from './call-metadata.js';
import type { Member } from './member.js';
import type { MemberHealth } from './member-health.js';
import type { MemberPool } from './member-pool.js';
import type { IdempotencyLevel, Method, TracedCallOptions } from './method.js';
import { describeRequest } from './request-description.js';
import type { RetryQueue } from './retry-queue.js';
import type { RetryQueues } from './retry-queues.js';
import {
  attemptTimeoutMs,
  isRetryable,
  maxTokensRefused,
  memberFailureOf,
  minAttemptMs,
  retryPause,
  toCallerError,
} from './retry-rule.js';
import type { StoreIdentity } from './store-identity.js';
import type { TokenSource } from './token.js';

export interface UnaryPorts {
  readonly pool: MemberPool;
  readonly clock: Clock;
  readonly random: () => number;
  readonly retries: RetryQueues;
  readonly store: StoreIdentity;
  readonly token: TokenSource | undefined;
  /** The present token's. */
  readonly metadata: () => CallMetadata;
  /** As whom the client asks, for its errors. */
  readonly auth?: AuthOptions | undefined;
  readonly maxReceiveBytes: number;
  readonly running: Set<RunningCall>;
  /** Called when something is sent that is to be answered. */
  readonly onSend: () => void;
  /** Whether the member answers a read as no etcd does, within so many milliseconds. */
  readonly isForeign: (member: Member, withinMs: number) => Promise<boolean>;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
}

/** One request, and how it is sent. */
export interface UnaryKind<Req, Res> {
  readonly method: Method<Req, Res>;
  readonly safety: IdempotencyLevel;
  /** What is encoded already: errors name the keys in it. */
  readonly request: Req;
}

/** One unary request on its way: tried on as many members and as often as its deadline and its safety allow. */
export class UnaryCall<Req, Res> {
  readonly #ports: UnaryPorts;
  readonly #kind: UnaryKind<Req, Res>;
  readonly #options: TracedCallOptions;
  readonly #deadline: number;
  readonly #retries: RetryQueue;
  #tries: AttemptLog | undefined;
  #tokensRefused = 0;

  constructor(ports: UnaryPorts, kind: UnaryKind<Req, Res>, timeoutMs: number, options: TracedCallOptions) {
    this.#ports = ports;
    this.#kind = kind;
    this.#options = options;
    this.#deadline = ports.clock.now() + timeoutMs;
    this.#retries = ports.retries.for(kind.safety);
  }

  async run(request: Buffer): Promise<Res> {
    const { token } = this.#ports;
    for (let attempt = 0; ; attempt++) {
      if (token?.generation === 0) await this.#newerToken(token, 0);
      token?.renewIfDue();
      const generation = token?.generation ?? 0;
      const { pool, clock } = this.#ports;
      const now = clock.now();
      const atHand = pool.readyAt(now);
      const standing = atHand ?? (await this.#connect());
      const channel = standing?.member.ready;
      if (!standing || !channel) {
        await this.#turn(backoffDelay(retryPause, attempt, this.#ports.random));
        continue;
      }
      this.#options.onSend?.();
      const sentAt = atHand ? now : clock.now();
      standing.callSent(sentAt);
      const { connection } = standing.member;
      this.#ports.onSend();
      try {
        const answer = await attemptUnary(channel, this.#kind.method, request, {
          metadata: this.#metadata(),
          timeoutMs: attemptTimeoutMs(this.#deadline - sentAt, this.#kind.safety, pool.hasOthers()),
          maxReceiveBytes: this.#ports.maxReceiveBytes,
          signal: this.#options.signal,
          running: this.#ports.running,
          sent: token && { member: standing.member, generation, safety: this.#kind.safety },
        });
        standing.callSettled(clock.now(), true);
        this.#retries.answered();
        if (!atHand && this.#kind.safety !== 'local-read') pool.markHealthy(standing);
        this.#ports.store.saw(answer, standing.member.endpoint);
        this.#options.onAnswer?.(connection === standing.member.connection ? connection : undefined);
        return answer;
      } catch (error) {
        const endedAt = clock.now();
        standing.callSettled(endedAt, error instanceof EtcdError && error.code !== Code.DEADLINE_EXCEEDED);
        const { signal } = this.#options;
        // The signal's own reason may be an error of ours: of another call that failed.
        if (signal?.aborted && error === signal.reason) throw error;
        if (!(error instanceof EtcdError)) throw this.#doubted(toEtcdError(error));
        if (this.#ports.closing.aborted)
          throw new ClosedError('the client', this.#maybeApplied ? 'maybe-applied' : error.verdict);
        if (token && needsToken(error)) {
          const isPassing = error.reason === 'AuthOldRevision' && !token.repeated;
          if (!isPassing && this.#tokensRefused++ >= maxTokensRefused)
            throw this.#doubted(requestError(error, this.#described()));
          if (!isPassing) this.#retries.failed();
          await this.#newerToken(token, generation, error);
          // Sent at once while its token is young: the next change of a role would make it old again.
          await this.#turn(
            this.#tokensRefused > 1 ? backoffDelay(retryPause, attempt, this.#ports.random) : 0,
          );
        } else
          await this.#failed(
            error,
            standing,
            attempt,
            Math.max(endedAt - sentAt, standing.silentMs(endedAt)),
          );
      }
    }
  }

  /** Returns when another try is due, else throws what the caller is to meet. */
  async #failed(answer: EtcdError, standing: MemberHealth, attempt: number, lastedMs: number): Promise<void> {
    const { pool, random } = this.#ports;
    const { safety } = this.#kind;
    const { endpoint } = standing.member;
    const error = await this.#judged(answer, standing);
    const failure = memberFailureOf(error, lastedMs);
    if (failure) pool.markUnhealthy(standing.member, failure, error);
    if (error.verdict === 'final') this.#retries.answered();
    else this.#retries.failed();
    const mayRetry = isRetryable(error, safety);
    const noEtcd = mayRetry && failure === 'not-etcd' ? pool.noEtcd() : undefined;
    if (noEtcd || !mayRetry) {
      const last = noEtcd ?? toCallerError(error, this.#described(), safety, endpoint);
      throw this.#maybeApplied ? markMaybeApplied(last) : last;
    }
    this.#tries ??= new AttemptLog();
    this.#tries.add(endpoint, error);
    // The first try elsewhere need not wait.
    const elsewhere = attempt === 0 && failure !== undefined && pool.hasOthers();
    await this.#turn(elsewhere ? 0 : backoffDelay(retryPause, attempt, random));
  }

  /**
   * UNIMPLEMENTED is also how an older etcd answers what it has not learnt yet, and how anything else answers whatever
   * it is asked: a read of the member shows which of the two it is.
   */
  async #judged(error: EtcdError, { member }: MemberHealth): Promise<EtcdError> {
    const isOpen =
      error.code === Code.UNIMPLEMENTED && error.reason === undefined && error.verdict === 'final';
    if (!isOpen) return error;
    const remaining = Math.max(this.#deadline - this.#ports.clock.now(), 0);
    const foreign = await this.#orClosing((signal) =>
      raceAbort(this.#ports.isForeign(member, remaining), signal),
    ).catch(() => false);
    return foreign ? notEtcd(error.serverText ?? error.message) : error;
  }

  /** Waits for the pause, and for this call's turn among all that are to be sent again. */
  async #turn(pauseMs: number): Promise<void> {
    const { signal } = this.#options;
    let granted: boolean;
    try {
      granted = await this.#retries.wait(pauseMs, this.#deadline, signal);
    } catch (error) {
      throw this.#doubted(error);
    }
    this.#tries ??= new AttemptLog();
    if (!granted) throw this.#tries.toDeadlineError(nameOf(this.#described()));
  }

  /** Whether an earlier try may have changed something. */
  get #maybeApplied(): boolean {
    return this.#kind.safety === 'idempotent' && this.#tries?.maybeApplied === true;
  }

  /** What ends the call before it is sent again makes no earlier try undone. The error may be others', too. */
  #doubted(error: unknown): unknown {
    const member = this.#tries?.ambiguousMember;
    if (!this.#maybeApplied || member === undefined || !(error instanceof EtcdError)) return error;
    if (error === this.#options.signal?.reason) return error;
    if (error instanceof ClosedError) return new ClosedError('the client', 'maybe-applied');
    const { method, subject } = this.#described();
    return new AmbiguousWriteError(method, member, error, subject);
  }

  /** Undefined when no member could be reached, which counts as an attempt that failed. */
  async #connect(): Promise<MemberHealth | undefined> {
    this.#tries ??= new AttemptLog();
    const tries = this.#tries;
    try {
      const standing = await this.#orClosing((signal) =>
        this.#ports.pool.connectOnce(this.#deadline, signal, (member, error) =>
          tries.add(member.endpoint, error),
        ),
      );
      if (!standing) this.#retries.failed();
      return standing;
    } catch (error) {
      throw this.#doubted(error);
    }
  }

  #metadata(): Metadata {
    const metadata = this.#ports.metadata();
    return this.#kind.safety === 'local-read' ? metadata.plain : metadata.requireLeader;
  }

  /** Waits for the one request of all, no longer than this call may take. It may take longer than the request. */
  async #newerToken(token: TokenSource, used: number, cause?: EtcdError): Promise<void> {
    const late = () => {
      const tried = this.#ports.pool.failures();
      const why = tried.length > 0 ? `: ${describe(tried)}` : '';
      return new DeadlineError(`no token before the deadline${why}`, {
        verdict: 'not-applied',
        tried,
        ...(cause === undefined ? {} : { cause }),
      });
    };
    for (let attempt = 0; ; attempt++) {
      const remaining = this.#remainingMs;
      try {
        return await this.#orClosing((signal) =>
          raceAbort(
            withTimeout(token.refresh(used, { cause, withinMs: remaining }), remaining, late),
            signal,
          ),
        );
      } catch (error) {
        if (error === this.#options.signal?.reason) throw error;
        const unsent = unsentFor(error);
        if (!(unsent instanceof DeadlineError) || this.#remainingMs < minAttemptMs)
          throw this.#doubted(unsent);
        this.#tries ??= new AttemptLog();
        for (const { member } of unsent.tried) this.#tries.add(member, unsent);
      }
      await this.#turn(backoffDelay(retryPause, attempt, this.#ports.random));
    }
  }

  /** Made only for an error. */
  #described(): RequestDescription {
    const { method, request } = this.#kind;
    return describeRequest(method, request, this.#ports.auth);
  }

  get #remainingMs(): number {
    return this.#deadline - this.#ports.clock.now();
  }

  /** Waits no longer than the caller does and the client is open. */
  #orClosing<T>(wait: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    const { closing } = this.#ports;
    return signal ? withAnySignal(signal, closing, wait) : wait(closing);
  }
}

/** Whatever became of the request for a token, the call that waited for it was not sent. The error is others', too. */
function unsentFor(error: unknown): unknown {
  if (!(error instanceof EtcdError)) return toEtcdError(error);
  if (error.verdict !== 'maybe-applied') return error;
  if (error instanceof ClosedError) return new ClosedError('the client', 'not-applied');
  const text = `no token could be had: ${error.message}`;
  const fields = { verdict: 'not-applied', cause: error } as const;
  if (error instanceof DeadlineError) return new DeadlineError(text, { ...fields, tried: error.tried });
  const { code, serverText, reason } = error;
  return new EtcdError(text, {
    ...fields,
    code,
    ...(serverText === undefined ? {} : { serverText }),
    ...(reason === undefined ? {} : { reason }),
  });
}
