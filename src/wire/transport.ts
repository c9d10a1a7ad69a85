import type { Channel } from '@grpc/grpc-js';
import { backoffDelay, type Clock, delay, ProcessRef, withAnySignal } from '../async/index.js';
import { ClosedError, type EtcdError, InvalidInputError, type RequestDescription } from '../errors/index.js';
import { ClusterService } from '../gen/etcd/rpc.js';
import { checkAuth } from './auth/auth.js';
import { ClientToken } from './auth/client-token.js';
import { checkPlaintext, requiresSecretsLocal } from './auth/plaintext.js';
import type { RunningCall } from './call/call.js';
import { describeRequest, userOf } from './call/request-description.js';
import { RetryQueues } from './call/retry-queues.js';
import { retryPause } from './call/retry-rule.js';
import { UnaryCall, type UnaryPorts } from './call/unary.js';
import { makeChannelOptions } from './channel-options.js';
import { MemberChecks } from './member/checks.js';
import { type MemberAddress, parseEndpoints } from './member/endpoints.js';
import { Member } from './member/member.js';
import { Membership, type SyncResult } from './member/membership.js';
import { type MemberEvent, MemberPool } from './member/pool.js';
import { StoreIdentity } from './member/store-identity.js';
import type { IdempotencyLevel, Method, TracedCallOptions } from './method.js';
import type { DuplexHandlers, ReportableDuplex } from './stream/duplex.js';
import { type DuplexOptions, StreamRegistry } from './stream/registry.js';
import { makeCredentials } from './tls/credentials.js';
import type { TransportOptions } from './transport-options.js';

/** Callbacks into the rest of the client. */
export interface TransportHooks {
  /** Called for each change of a member's health or of the member list. */
  readonly onEvent?: (event: MemberEvent) => void;
  /** Called immediately before a call settles and before a stream's handler receives a message or the end. */
  readonly beforeAnswer?: () => void;
}

/** The connection to etcd: unary calls, which are retried where that is safe, and duplex streams, which are not. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #pool: MemberPool;
  readonly #checks: MemberChecks;
  readonly #membership: Membership;
  readonly #closing = new AbortController();
  readonly #processRef = new ProcessRef();
  readonly #token: ClientToken;
  readonly #running = new Set<RunningCall>();
  readonly #retries: RetryQueues;
  /** The identity of the store, from all answers. */
  readonly store = new StoreIdentity();
  readonly #unaryPorts: UnaryPorts;
  readonly #streams: StreamRegistry;
  readonly #beforeAnswer: () => void;

  constructor(
    options: TransportOptions,
    clock: Clock,
    random: () => number,
    { onEvent = () => {}, beforeAnswer = () => {} }: TransportHooks = {},
  ) {
    const { members, usesTls, newMember } = checkedMembers(options);
    const { auth, maxReceiveBytes, timeoutMs, sync } = options;
    this.#options = options;
    this.#beforeAnswer = beforeAnswer;
    const running = this.#running;
    const closing = this.#closing.signal;
    const metadata = () => this.#token.metadata;
    const onSend = () => this.#token.onSend();
    this.#checks = new MemberChecks({ maxReceiveBytes, running, metadata });
    const pool = new MemberPool(members.map(newMember), {
      clock,
      random,
      probe: (member) => this.#checks.probe(member),
      onEvent: (event) => {
        onEvent(event);
        this.#onMember(event);
      },
    });
    this.#pool = pool;
    this.#membership = new Membership(members, {
      pool,
      tls: usesTls,
      verifiesServerName: options.tls?.serverName !== undefined && !options.tls.dangerouslySkipVerification,
      hasAuth: auth !== undefined,
      requiresSecretsLocal: requiresSecretsLocal(auth, usesTls),
      newMember,
    });
    if (sync?.intervalMs !== undefined) this.#membership.checkRule(sync);
    const { store } = this;
    const common = { pool, store, clock, random, maxReceiveBytes, metadata, onSend };
    this.#streams = new StreamRegistry({
      ...common,
      connect: (signal) => this.#connectStream(signal, clock, random),
      beforeAnswer,
    });
    const [streams, checks] = [this.#streams, this.#checks];
    this.#token = new ClientToken(auth, { ...common, checks, running, timeoutMs, closing, streams });
    this.#retries = new RetryQueues(clock, random);
    this.#unaryPorts = {
      ...common,
      retries: this.#retries,
      token: this.#token.source,
      auth,
      running,
      isForeign: (member, withinMs) => checks.isForeign(member, withinMs),
      closing,
    };
  }

  /** The default time limit of a call, in milliseconds. */
  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** The client's user, for the errors of requests on streams. */
  get user(): Pick<RequestDescription, 'user' | 'hasAuth'> {
    return userOf(this.#options.auth);
  }

  /** The number of tokens that this client has used; 0 before the first, and always 0 without credentials. */
  get tokenGeneration(): number {
    return this.#token.generation;
  }

  /** Registers a listener for the generation of each new token. */
  onToken(listener: (generation: number) => void): void {
    this.#token.source?.onChange(listener);
  }

  /**
   * Fetches a token newer than that of generation `used`. Concurrent callers share one request.
   * @throws `cause` if the client has no credentials, or if etcd refused the token for its old auth revision and the
   *   provider has no other; otherwise the error of the request.
   */
  refreshToken(used: number, cause: EtcdError): Promise<void> {
    return this.#token.refresh(used, cause);
  }

  /**
   * Sends one unary RPC, with as many attempts and members as its deadline and `idempotency` allow.
   * @throws {EtcdError} for a refusal by etcd; {DeadlineError}; {AmbiguousWriteError} for a write whose answer was lost;
   *   {StoreReplacedError} for a read during which an answer had another cluster id; {InvalidInputError} for a request
   *   over `maxRequestBytes`; {ClosedError}; or the signal's own reason.
   */
  async unary<Req, Res>(
    method: Method<Req, Res>,
    request: Req,
    idempotency: IdempotencyLevel,
    options: TracedCallOptions = {},
  ): Promise<Res> {
    const release = options.unref ? undefined : this.#processRef.keepProcessAlive();
    const { epoch } = this.store;
    try {
      const answer = await this.#unary(method, request, idempotency, options);
      if (epoch !== this.store.epoch) this.#checkStore(idempotency, epoch);
      return answer;
    } finally {
      release?.();
      this.#beforeAnswer();
    }
  }

  /** Opens a duplex stream on a connected member. The wait for a member has no time limit: `cancel()` or `close()` ends it. */
  duplex<Req, Res>(
    method: Method<Req, Res>,
    options: DuplexOptions,
    handlers: DuplexHandlers<Res>,
  ): ReportableDuplex<Req> {
    return this.#streams.open(method, options, handlers);
  }

  /**
   * Reads the member list and adopts the advertised addresses; see {@link Membership.adopt}.
   * @throws as `unary` does.
   */
  async sync(options: TracedCallOptions): Promise<SyncResult> {
    this.#membership.checkRule(this.#options.sync);
    const { members } = await this.unary(ClusterService.memberList, { linearizable: true }, 'read', options);
    return this.#membership.adopt(members, this.#options.sync);
  }

  /** Cancels the calls that wait for a free stream. Call this before ending a stream, which would let them be sent. */
  cancelUnsent(): void {
    for (const call of this.#running) if (call.isUnsent()) call.cancel(closedText);
  }

  /** Cancels all calls and streams and closes the connections. Idempotent. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new ClosedError('the client'));
    for (const call of this.#running) call.cancel(closedText);
    this.#retries.close(this.#closing.signal.reason);
    this.#streams.close();
    this.#pool.close();
    this.#processRef.close();
  }

  /** Keeps the process alive until the returned function is called. Streams alone do not. */
  keepProcessAlive(): () => void {
    return this.#processRef.keepProcessAlive();
  }

  /** See MemberChecks. */
  versionOf(member: Member): Promise<string | undefined> {
    return this.#checks.versionOf(member);
  }

  async #unary<Req, Res>(
    method: Method<Req, Res>,
    request: Req,
    idempotency: IdempotencyLevel,
    options: TracedCallOptions,
  ): Promise<Res> {
    const { signal, timeoutMs = this.#options.timeoutMs } = options;
    signal?.throwIfAborted();
    this.#throwIfClosed();
    const bytes = this.#encode(method, request);
    return new UnaryCall(this.#unaryPorts, { method, idempotency, request }, timeoutMs, options).run(bytes);
  }

  /** Throws if the store was replaced during a read. The answer of a write is returned: the answering store applied it. */
  #checkStore(idempotency: IdempotencyLevel, epoch: number): void {
    const isRead = idempotency === 'read' || idempotency === 'local-read';
    const replaced = this.store.replacedSince(epoch);
    if (replaced && isRead) throw replaced;
  }

  #onMember(event: MemberEvent): void {
    if (event.type !== 'member-unhealthy') this.#streams.failBack();
    else if (event.failure === 'silent') this.#token.suspect(event.endpoint);
  }

  async #connectStream(
    signal: AbortSignal,
    clock: Clock,
    random: () => number,
  ): Promise<{ member: Member; channel: Channel }> {
    await this.#token.prepare(signal);
    for (let attempt = 0; ; attempt++) {
      const { member } = await withAnySignal(signal, this.#closing.signal, (either) =>
        this.#pool.connect(either),
      );
      const channel = member.readyChannel;
      if (channel) return { member, channel };
      // The member closed the connection immediately after it was made.
      await delay(backoffDelay(retryPause, attempt, random), signal, { clock });
    }
  }

  #encode<Req, Res>(method: Method<Req, Res>, request: Req): Buffer {
    const bytes = method.requestSerialize(request);
    const limit = this.#options.maxRequestBytes;
    if (limit > 0 && bytes.length > limit) {
      const { method: name, subject } = describeRequest(method, request);
      throw new InvalidInputError(
        `${name} request of ${bytes.length} bytes${subject ? ` for ${subject}` : ''} is over the limit of ${limit} (maxRequestBytes; etcd's --max-request-bytes)`,
      );
    }
    return bytes;
  }

  #throwIfClosed(): void {
    if (this.#closing.signal.aborted) throw new ClosedError('the client');
  }
}

const closedText = 'the client was closed';

/** Checks the options about members together: addresses, TLS and credentials. */
function checkedMembers(options: TransportOptions) {
  const { members, tls } = parseEndpoints(options.endpoints);
  if (tls === false && options.tls)
    throw new InvalidInputError('tls is given, but the endpoints use http://: write https://, or remove tls');
  checkAuth(options.auth);
  const usesTls = tls ?? (options.tls ?? undefined) !== undefined;
  checkPlaintext(members, options.auth, usesTls);
  const credentialsFor = makeCredentials(tls ? (options.tls ?? {}) : options.tls, options.connectTimeoutMs);
  const channelOptions = makeChannelOptions(options);
  const newMember = (address: MemberAddress) =>
    new Member(address, credentialsFor(address), channelOptions, options.connectTimeoutMs);
  return { members, usesTls, newMember };
}
