import { backoffDelay, type Clock, delay, onAbort } from '../../async/index.js';
import { Code, DeadlineError, EtcdError, requestError } from '../../errors/index.js';
import { printable } from '../../model/index.js';
import { attemptUnary } from '../call/attempt.js';
import { describeTried } from '../call/attempt-log.js';
import type { RunningCall } from '../call/call.js';
import { CallMetadata } from '../call/metadata.js';
import { isRetryable, memberFailureOf } from '../call/retry-rule.js';
import * as methods from '../codec/methods.js';
import type { Member } from '../member/member.js';
import type { MemberPool } from '../member/pool.js';
import type { StoreIdentity } from '../member/store-identity.js';

/**
 * The timeout of one request. etcd spends 70 ms of processor time per password and checks all requests concurrently, so a
 * fleet that authenticates together waits for the last check, and repeated requests make it wait longer.
 */
const answerTimeoutMs = 60_000;
/** The time after which a failed request is not repeated. */
const totalTimeoutMs = 60_000;
/** The pause between rounds over all members while none can be reached. */
const roundPause = { baseMs: 100, maxMs: 1_000 };
/**
 * The longest pause before a repetition. The pause also grows with the duration of the previous request: etcd continues
 * to check passwords for lost connections, and a fleet that retried immediately would overload it for good.
 */
const maxPauseMs = 30_000;
const retryPause = { baseMs: 250, maxMs: 5_000 };
/** How often a member is checked for responsiveness while its answer is pending and another member exists. */
const checkIntervalMs = 3_000;

export interface AuthenticatePorts {
  readonly pool: MemberPool;
  readonly store: StoreIdentity;
  readonly clock: Clock;
  readonly random: () => number;
  readonly running: Set<RunningCall>;
  readonly maxReceiveBytes: number;
  readonly closing: AbortSignal;
  /** The time limit for finding a connected member. */
  readonly connectTimeoutMs: number;
  /** Whether the member answers a small read that needs neither a token nor a quorum. */
  readonly isResponsive: (member: Member) => Promise<boolean>;
}

/**
 * Requests a token with etcd's Authenticate. A request is repeated only after the previous one was answered or cannot be
 * answered any more: its connection was lost, or its member is unresponsive and others exist.
 * @throws {EtcdError} for a refusal by etcd, and the last failure after a minute; {DeadlineError} if no member could be
 *   reached; {TlsError}; {ClosedError}.
 */
export async function authenticate(
  ports: AuthenticatePorts,
  name: string,
  password: string,
): Promise<string> {
  const { pool, clock, random, closing } = ports;
  const request = methods.authenticate.requestSerialize({ name, password });
  const deadline = clock.now() + totalTimeoutMs;
  for (let attempt = 0; ; attempt++) {
    const { member } = await connect(ports);
    const sentAt = clock.now();
    try {
      return await attemptOn(ports, member, request);
    } catch (error) {
      if (!(error instanceof EtcdError) || closing.aborted) throw error;
      const failure = memberFailureOf(error, clock.now() - sentAt);
      if (failure) pool.markUnhealthy(member, failure, error);
      const noEtcd = failure === 'not-etcd' ? pool.noEtcdError() : undefined;
      if (noEtcd) throw noEtcd;
      if (!isRetryable(error, 'read') || clock.now() > deadline)
        throw requestError(error, { method: 'Authenticate', user: printable(name), hasAuth: true });
    }
    const elapsedMs = Math.min(clock.now() - sentAt, maxPauseMs);
    const pauseMs = Math.max(backoffDelay(retryPause, attempt, random), random() * elapsedMs);
    await delay(pauseMs, closing, { clock });
  }
}

/**
 * Returns a connected member. The time is limited, because nothing has been sent yet: a caller with time left starts
 * another request.
 */
async function connect({ pool, clock, random, closing, connectTimeoutMs }: AuthenticatePorts) {
  const deadline = clock.now() + connectTimeoutMs;
  for (let round = 0; ; round++) {
    const health = await pool.connectOnce(deadline, closing);
    if (health) return health;
    const pauseMs = 50 + backoffDelay(roundPause, round, random);
    if (clock.now() + pauseMs >= deadline) throw unreachable(pool);
    await delay(pauseMs, closing, { clock });
  }
}

/**
 * Metadata without a token.
 *
 * Workaround (etcd 3.4; no public issue found, send Authenticate with an expired token in its metadata): etcd refuses
 * even Authenticate if the request has an old token. Remove when etcd 3.4 is not supported.
 */
const { requireLeader: withoutToken } = new CallMetadata(undefined);

async function attemptOn(ports: AuthenticatePorts, member: Member, request: Buffer): Promise<string> {
  const channel = member.readyChannel;
  if (!channel) throw lost(member);
  const attemptAbort = new AbortController();
  const release = onAbort(ports.closing, (reason) => attemptAbort.abort(reason));
  const stopChecks = checkMeanwhile(ports, member, () => attemptAbort.abort(silent(member)));
  try {
    const answer = await attemptUnary(channel, methods.authenticate, request, {
      metadata: withoutToken,
      timeoutMs: answerTimeoutMs,
      maxReceiveBytes: ports.maxReceiveBytes,
      signal: attemptAbort.signal,
      running: ports.running,
    });
    ports.store.observe(answer, member.endpoint);
    return answer.token;
  } finally {
    stopChecks();
    release();
  }
}

/** Calls `giveUp` if the member stops answering while another one exists. */
function checkMeanwhile(
  { pool, clock, isResponsive }: AuthenticatePorts,
  member: Member,
  giveUp: () => void,
) {
  let cancel = () => {};
  let stopped = false;
  const check = async () => {
    if (pool.hasOthers() && !(await isResponsive(member)) && !stopped) giveUp();
    else checkLater();
  };
  const checkLater = () => {
    if (!stopped) cancel = clock.setTimer(checkIntervalMs, () => void check());
  };
  checkLater();
  return () => {
    stopped = true;
    cancel();
  };
}

function unreachable(pool: MemberPool): DeadlineError {
  const tried = pool.failures();
  return new DeadlineError(`no etcd member could be reached: ${describeTried(tried)}`, {
    verdict: 'not-applied',
    tried,
  });
}

function lost({ endpoint }: Member): EtcdError {
  return new EtcdError(`member ${endpoint}: the connection was lost`, {
    code: Code.UNAVAILABLE,
    verdict: 'not-applied',
  });
}

function silent({ endpoint }: Member): EtcdError {
  return new DeadlineError(`member ${endpoint} does not answer`, { verdict: 'maybe-applied' });
}
