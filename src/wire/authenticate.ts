import { backoffDelay, type Clock, delay, onAbort } from '../async/index.js';
import { Code, DeadlineError, EtcdError, requestError } from '../errors/index.js';
import { AuthService } from '../gen/etcd/rpc.js';
import { printable } from '../model/index.js';
import { describeTried } from './attempt-log.js';
import { attemptUnary, type RunningCall } from './call.js';
import { CallMetadata } from './call-metadata.js';
import type { Member } from './member.js';
import type { MemberPool } from './member-pool.js';
import { isRetryable, memberFailureOf } from './retry-rule.js';
import type { StoreIdentity } from './store-identity.js';

/**
 * How long one request may be unanswered. etcd checks passwords at 70 ms of processor each, as many at once as are
 * asked: a fleet that authenticates together waits for the last of them, and whoever asks again makes it wait longer.
 */
const answerTimeoutMs = 60_000;
/** How long all of it may take while members answer, but not with a token. */
const totalTimeoutMs = 60_000;
/** Between rounds over all members when none can be reached. */
const roundPause = { baseMs: 100, maxMs: 1_000 };
/**
 * Before a repetition. As long as the one before was under way, too: etcd goes on checking the passwords of connections
 * that were lost, and a fleet that asks again at once keeps it from ever answering.
 */
const maxPauseMs = 30_000;
const retryPause = { baseMs: 250, maxMs: 5_000 };
/** With another member at hand: how often a member that owes a token is asked something that costs nothing. */
const checkIntervalMs = 3_000;

export interface AuthenticatePorts {
  readonly pool: MemberPool;
  readonly store: StoreIdentity;
  readonly clock: Clock;
  readonly random: () => number;
  readonly running: Set<RunningCall>;
  readonly maxReceiveBytes: number;
  readonly closing: AbortSignal;
  /** How long to look for a connected member. */
  readonly connectTimeoutMs: number;
  /** Whether the member answers a small read that needs no token and no other member. */
  readonly isResponsive: (member: Member) => Promise<boolean>;
}

/**
 * etcd's Authenticate, one request at a time: it is repeated only when the one before was answered, or can be answered
 * no more (the connection was lost, or the member answers nothing while there are others).
 * @throws {EtcdError} by what etcd said; {DeadlineError} when no member could be reached or none gave a token in time;
 *   {TlsError}; {ClosedError}.
 */
export async function authenticate(
  ports: AuthenticatePorts,
  name: string,
  password: string,
): Promise<string> {
  const { pool, clock, random, closing } = ports;
  const request = AuthService.authenticate.requestSerialize({ name, password });
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
    await delay(pauseMs, closing, { unref: true });
  }
}

/** Nothing is sent before: the ones who wait for a token decide how long to go on looking for a member. */
async function connect({ pool, clock, random, closing, connectTimeoutMs: connectMs }: AuthenticatePorts) {
  const deadline = clock.now() + connectMs;
  for (let round = 0; ; round++) {
    const health = await pool.connectOnce(deadline, closing);
    if (health) return health;
    const pauseMs = 50 + backoffDelay(roundPause, round, random);
    if (clock.now() + pauseMs >= deadline) throw unreachable(pool);
    await delay(pauseMs, closing, { unref: true });
  }
}

/** Without a token: an old one makes etcd 3.4 refuse even this. */
const { requireLeader: withoutToken } = new CallMetadata(undefined);

async function attemptOn(ports: AuthenticatePorts, member: Member, request: Buffer): Promise<string> {
  const channel = member.readyChannel;
  if (!channel) throw lost(member);
  const attemptAbort = new AbortController();
  const release = onAbort(ports.closing, (reason) => attemptAbort.abort(reason));
  const stopChecks = checkMeanwhile(ports, member, () => attemptAbort.abort(silent(member)));
  try {
    const answer = await attemptUnary(channel, AuthService.authenticate, request, {
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

/** Where another member could be asked: finds out whether this one still answers anything. */
function checkMeanwhile(
  { pool, clock, isResponsive: answers }: AuthenticatePorts,
  member: Member,
  giveUp: () => void,
) {
  let cancel = () => {};
  let stopped = false;
  const check = async () => {
    if (pool.hasOthers() && !(await answers(member)) && !stopped) giveUp();
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
  return new DeadlineError(`member ${endpoint} answers nothing`, { verdict: 'maybe-applied' });
}
