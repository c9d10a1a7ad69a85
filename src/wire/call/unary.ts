import { backoffDelay, isReasonOf, raceAbort, withAnySignal, withTimeout } from '../../async/index.js';
import { retryTopic } from '../../diagnostics/index.js';
import {
  AmbiguousWriteError,
  ClosedError,
  Code,
  DeadlineError,
  EtcdError,
  markMaybeApplied,
  methodUnsupportedError,
  needsNewToken,
  notEtcdError,
  type RequestDescription,
  requestError,
  requestName,
  toEtcdError,
} from '../../errors/index.js';
import type { TokenSource } from '../auth/token.js';
import type { MemberHealth } from '../member/health.js';
import type { Member } from '../member/member.js';
import { methodName, serviceName, type TracedCallOptions } from '../method.js';
import { attemptUnary } from './attempt.js';
import { AttemptLog, describeTried } from './attempt-log.js';
import { describeRequest } from './request-description.js';
import type { RetryQueue } from './retry-queue.js';
import {
  isRetryable,
  maxTokenRefusals,
  memberFailureOf,
  minAttemptMs,
  retryPause,
  toCallerError,
  withMethodVerdict,
} from './retry-rule.js';
import { type FailedAttempt, SentAttempt } from './sent-attempt.js';
import type { UnaryPorts, UnaryRequest } from './unary-ports.js';

/** One unary call, with as many attempts and members as its deadline and its idempotency level allow. */
export class UnaryCall<Req, Res> {
  readonly #ports: UnaryPorts;
  readonly #request: UnaryRequest<Req, Res>;
  readonly #options: TracedCallOptions;
  readonly #deadline: number;
  readonly #retries: RetryQueue;
  #attempts: AttemptLog | undefined;
  #refusedTokens = 0;
  /** The last attempt that was sent and failed. */
  #failedBefore: { readonly endpoint: string; readonly error: EtcdError } | undefined;
  /** The number of attempts that were sent. */
  #sent = 0;

  /** @param deadline On the client's clock. */
  constructor(
    ports: UnaryPorts,
    request: UnaryRequest<Req, Res>,
    deadline: number,
    options: TracedCallOptions,
  ) {
    this.#ports = ports;
    this.#request = request;
    this.#options = options;
    this.#deadline = deadline;
    this.#retries = ports.retries.for(request.idempotency);
  }

  /**
   * Sends the encoded request until an attempt succeeds or none may follow.
   * @param first The first attempt, if it was made already.
   * @throws as `Transport.unary` does.
   */
  async run(bytes: Buffer, first?: FailedAttempt): Promise<Res> {
    const { token, pool, clock } = this.#ports;
    const { method, idempotency } = this.#request;
    if (first) this.#sent++;
    if (first) await this.#onError(first, 0);
    for (let attempt = first ? 1 : 0; ; attempt++) {
      if (token?.generation === 0) await this.#refreshToken(token, 0);
      token?.renewIfDue();
      const now = clock.now();
      const readyHealth = pool.readyAt(now);
      const health = readyHealth ?? (await this.#connect());
      const channel = health?.member.readyChannel;
      if (!health || !channel) {
        await this.#waitForRetry(backoffDelay(retryPause, attempt, this.#ports.random));
        continue;
      }
      const sentAt = readyHealth ? now : clock.now();
      const sent = new SentAttempt(this.#ports, idempotency, this.#options, health, sentAt);
      if (this.#sent > 0) this.#recordRetry();
      this.#sent++;
      sent.begin();
      try {
        let size = 0;
        const onSize = (answerBytes: number) => {
          size = answerBytes;
        };
        const answer = await attemptUnary(channel, method, bytes, sent.optionsUntil(this.#deadline), onSize);
        sent.recordAnswer(answer, size, !readyHealth && idempotency !== 'local-read');
        return answer;
      } catch (error) {
        await this.#onError(sent.failedWith(error), attempt);
      }
    }
  }

  /** Returns when another attempt may be sent; throws the caller's error if none may follow. */
  async #onError(failed: FailedAttempt, attempt: number): Promise<void> {
    const { error, health, sentAt, isShared } = failed;
    const { clock, closing, token } = this.#ports;
    const endedAt = clock.now();
    if (!isShared)
      health.callSettled(endedAt, error instanceof EtcdError && error.code !== Code.DEADLINE_EXCEEDED);
    const { signal } = this.#options;
    if (isReasonOf(signal, error)) throw error;
    if (!(error instanceof EtcdError)) throw this.#asAmbiguous(toEtcdError(error));
    if (closing.aborted)
      throw new ClosedError('the client', this.#maybeApplied ? 'maybe-applied' : error.verdict);
    if (token && needsNewToken(error)) await this.#onTokenRefused(error, token, attempt, failed);
    else await this.#failed(error, health, attempt, Math.max(endedAt - sentAt, health.silentMs(endedAt)));
  }

  async #onTokenRefused(
    error: EtcdError,
    token: TokenSource,
    attempt: number,
    { generation, health }: FailedAttempt,
  ): Promise<void> {
    const { endpoint } = health.member;
    const isTransient = error.reason === 'AuthOldRevision' && !token.isUnchanged;
    if (!isTransient && this.#refusedTokens++ >= maxTokenRefusals)
      throw this.#asAmbiguous(requestError(error, this.#description()));
    if (!isTransient) this.#retries.recordFailure();
    this.#failedBefore = { endpoint, error };
    await this.#refreshToken(token, generation, error);
    // The first attempt with the new token has no pause: the next change of a role would invalidate the token again.
    await this.#waitForRetry(
      this.#refusedTokens > 1 ? backoffDelay(retryPause, attempt, this.#ports.random) : 0,
    );
  }

  /** As {@link #onError}, for an error of the member or of the request. */
  async #failed(answer: EtcdError, health: MemberHealth, attempt: number, lastedMs: number): Promise<void> {
    const { pool, random, fixedMember } = this.#ports;
    const { idempotency, method } = this.#request;
    const { endpoint } = health.member;
    const error = withMethodVerdict(await this.#replaceForeign(answer, health), method);
    const failure = memberFailureOf(error, lastedMs);
    if (failure) pool.markUnhealthy(health.member, failure, error);
    if (error.verdict === 'final') this.#retries.recordAnswer();
    else this.#retries.recordFailure();
    const mayRetry = isRetryable(error, idempotency) && !(fixedMember !== undefined && failure === 'learner');
    const noEtcd = mayRetry && failure === 'not-etcd' ? pool.noEtcdError() : undefined;
    if (noEtcd || !mayRetry) {
      const last = noEtcd ?? toCallerError(error, this.#description(), idempotency, endpoint);
      throw this.#maybeApplied ? markMaybeApplied(last) : last;
    }
    this.#attempts ??= new AttemptLog();
    this.#attempts.add(endpoint, error);
    this.#failedBefore = { endpoint, error };
    // The first attempt on another member need not wait.
    const elsewhere = attempt === 0 && failure !== undefined && pool.hasOthers();
    await this.#waitForRetry(elsewhere ? 0 : backoffDelay(retryPause, attempt, random));
  }

  /**
   * An older etcd without the method and a server other than etcd both answer UNIMPLEMENTED. A read on the member shows
   * which of the two it is: this returns a `MethodUnsupported` or a `NotEtcd` error, or the same error without an answer.
   */
  async #replaceForeign(error: EtcdError, { member }: MemberHealth): Promise<EtcdError> {
    const isInconclusive =
      error.code === Code.UNIMPLEMENTED && error.reason === undefined && error.verdict === 'final';
    if (!isInconclusive) return error;
    const remaining = Math.max(this.#deadline - this.#ports.clock.now(), 0);
    const isForeign = await this.#untilClosing((signal) =>
      raceAbort(this.#ports.isForeign(member, remaining), signal),
    ).catch(() => undefined);
    if (isForeign === undefined) return error;
    const text = error.serverText ?? error.message;
    return isForeign ? notEtcdError(text) : methodUnsupportedError(text);
  }

  /** Called immediately before the call is sent again. @throws {ClosedError} if a subscriber closed the client. */
  #recordRetry(): void {
    const { closing, diagnostics } = this.#ports;
    diagnostics.counters.retries++;
    if (!this.#failedBefore || !diagnostics.wants(retryTopic)) return;
    const { endpoint, error } = this.#failedBefore;
    const { method: called } = this.#request;
    const [service, method] = [serviceName(called), methodName(called)];
    diagnostics.publish(retryTopic, { service, method, attempt: this.#sent, endpoint, error });
    if (closing.aborted)
      throw new ClosedError('the client', this.#maybeApplied ? 'maybe-applied' : 'not-applied');
  }

  /** Waits for the pause and for the retry budget. */
  async #waitForRetry(pauseMs: number): Promise<void> {
    const { signal } = this.#options;
    let granted: boolean;
    try {
      granted = await this.#retries.wait(pauseMs, this.#deadline, signal);
    } catch (error) {
      throw this.#asAmbiguous(error);
    }
    this.#attempts ??= new AttemptLog();
    if (!granted) throw this.#attempts.toDeadlineError(requestName(this.#description()));
  }

  /** Whether an earlier attempt may have been applied. */
  get #maybeApplied(): boolean {
    return this.#request.idempotency === 'idempotent' && this.#attempts?.maybeApplied === true;
  }

  /**
   * Returns an ambiguous error if an earlier attempt may have been applied, else the error itself. The ambiguous error is
   * a new object, because other calls may share the original.
   */
  #asAmbiguous(error: unknown): unknown {
    const member = this.#attempts?.ambiguousMember;
    if (!this.#maybeApplied || member === undefined || !(error instanceof EtcdError)) return error;
    if (isReasonOf(this.#options.signal, error)) return error;
    if (error instanceof ClosedError) return new ClosedError('the client', 'maybe-applied');
    const { method, subject } = this.#description();
    return new AmbiguousWriteError(method, member, error, subject);
  }

  /** Returns a connected member; undefined if none could be reached, which counts as a failed attempt. */
  async #connect(): Promise<MemberHealth | undefined> {
    this.#attempts ??= new AttemptLog();
    const attempts = this.#attempts;
    const onFailure = ({ endpoint }: Member, error: EtcdError) => {
      attempts.add(endpoint, error);
      this.#options.trace?.attemptUnsent(endpoint, error);
    };
    try {
      const health = await this.#untilClosing((signal) =>
        this.#ports.pool.connectOnce(this.#deadline, signal, onFailure),
      );
      if (!health) this.#retries.recordFailure();
      return health;
    } catch (error) {
      throw this.#asAmbiguous(error);
    }
  }

  /** Waits for the shared token request within this call's deadline, and starts another if that request times out first. */
  async #refreshToken(token: TokenSource, used: number, cause?: EtcdError): Promise<void> {
    const timeoutError = () => {
      const tried = this.#ports.pool.failures();
      const why = tried.length > 0 ? `: ${describeTried(tried)}` : '';
      return new DeadlineError(`no token before the deadline${why}`, {
        verdict: 'not-applied',
        tried,
        ...(cause === undefined ? {} : { cause }),
      });
    };
    for (let attempt = 0; ; attempt++) {
      const remaining = this.#remainingMs;
      try {
        return await this.#untilClosing((signal) =>
          withTimeout(token.refresh(used, { cause, withinMs: remaining }), remaining, timeoutError, {
            signal,
          }),
        );
      } catch (error) {
        if (isReasonOf(this.#options.signal, error)) throw error;
        const unsent = asNotSent(error);
        if (!(unsent instanceof DeadlineError) || this.#remainingMs < minAttemptMs)
          throw this.#asAmbiguous(unsent);
        this.#attempts ??= new AttemptLog();
        for (const { member } of unsent.tried) this.#attempts.add(member, unsent);
      }
      await this.#waitForRetry(backoffDelay(retryPause, attempt, this.#ports.random));
    }
  }

  /** Computed only for errors, because it reads every key of the request. */
  #description(): RequestDescription {
    const { method, request } = this.#request;
    const { auth, fixedMember } = this.#ports;
    return describeRequest(method, request, auth, fixedMember);
  }

  get #remainingMs(): number {
    return this.#deadline - this.#ports.clock.now();
  }

  /** Calls `wait` with a signal that aborts when the caller aborts or the client closes. */
  #untilClosing<T>(wait: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    const { closing } = this.#ports;
    return signal ? withAnySignal(signal, closing, wait) : wait(closing);
  }
}

/**
 * Converts the error of a token request for a call that waited for the token and was therefore not sent. The original is
 * not modified, because other calls share it.
 */
function asNotSent(error: unknown): unknown {
  if (!(error instanceof EtcdError)) return toEtcdError(error);
  if (error.verdict !== 'maybe-applied') return error;
  if (error instanceof ClosedError) return new ClosedError('the client', 'not-applied');
  const text = `no token: ${error.message}`;
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
