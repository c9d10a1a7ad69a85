import type { Channel } from '@grpc/grpc-js';
import { backoffDelay, type Clock, delay, ProcessRef, raceAbort, withAnySignal } from '../async/index.js';
import { ClosedError, type EtcdError, InvalidInputError, type RequestDescription } from '../errors/index.js';
import { ClusterService } from '../gen/etcd/rpc.js';
import { checkAuth } from './auth.js';
import { authenticate } from './authenticate.js';
import type { RunningCall } from './call.js';
import { CallMetadata } from './call-metadata.js';
import { makeChannelOptions } from './channel-options.js';
import { makeCredentials } from './credentials.js';
import type { DuplexHandlers, ReportableDuplex } from './duplex.js';
import { type MemberAddress, parseEndpoints } from './endpoints.js';
import { Member } from './member.js';
import { MemberChecks } from './member-checks.js';
import { type MemberEvent, MemberPool } from './member-pool.js';
import { Membership, type SyncResult } from './membership.js';
import type { IdempotencyLevel, Method, TracedCallOptions } from './method.js';
import { checkPlaintext, requiresSecretsLocal } from './plaintext.js';
import { describeRequest, userOf } from './request-description.js';
import { RetryQueues } from './retry-queues.js';
import { retryPause } from './retry-rule.js';
import { StaleTokenCheck } from './stale-token.js';
import { StoreIdentity } from './store-identity.js';
import { type DuplexOptions, StreamRegistry } from './stream-registry.js';
import { TokenSource } from './token.js';
import { tokenFetcher } from './token-fetcher.js';
import type { TransportOptions } from './transport-options.js';
import { UnaryCall, type UnaryPorts } from './unary.js';

/** What the rest of the client wants to know of. */
export interface TransportHooks {
  readonly onEvent?: (event: MemberEvent) => void;
  /** Called each time right before a call settles, or a stream's message or end is handed on. */
  readonly beforeAnswer?: () => void;
}

/** The way to etcd: unary calls that are tried again where that is safe, and duplex streams that are not. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #pool: MemberPool;
  readonly #checks: MemberChecks;
  readonly #membership: Membership;
  readonly #closing = new AbortController();
  readonly #processRef = new ProcessRef();
  readonly #token: TokenSource | undefined;
  readonly #staleToken: StaleTokenCheck | undefined;
  #metadata = new CallMetadata(undefined);
  readonly #running = new Set<RunningCall>();
  readonly #retries: RetryQueues;
  /** Which store it is, by all answers. */
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
    const { members, tls } = parseEndpoints(options.endpoints);
    if (tls === false && options.tls)
      throw new InvalidInputError('tls is given, but the endpoints say http://: write https://, or drop tls');
    checkAuth(options.auth);
    const usesTls = tls ?? (options.tls ?? undefined) !== undefined;
    checkPlaintext(members, options.auth, usesTls);
    const credentialsFor = makeCredentials(tls ? (options.tls ?? {}) : options.tls, options.connectTimeoutMs);
    const channelOptions = makeChannelOptions(options);
    this.#options = options;
    this.#beforeAnswer = beforeAnswer;
    this.#checks = new MemberChecks({
      maxReceiveBytes: options.maxReceiveBytes,
      running: this.#running,
      metadata: () => this.#metadata,
    });
    const newMember = (address: MemberAddress) =>
      new Member(address, credentialsFor(address), channelOptions, options.connectTimeoutMs);
    this.#pool = new MemberPool(members.map(newMember), {
      clock,
      random,
      probe: (member) => this.#checks.probe(member),
      onEvent: (event) => {
        onEvent(event);
        if (event.type !== 'member-unhealthy') this.#streams.failBack();
        else if (event.failure === 'silent') this.#suspectToken(event.endpoint);
      },
    });
    this.#membership = new Membership(members, {
      pool: this.#pool,
      tls: usesTls,
      verifiesServerName: options.tls?.serverName !== undefined && !options.tls.dangerouslySkipVerification,
      hasAuth: options.auth !== undefined,
      requiresSecretsLocal: requiresSecretsLocal(options.auth, usesTls),
      newMember,
    });
    if (options.sync?.intervalMs !== undefined) this.#membership.checkRule(options.sync);
    this.#token = this.#makeToken(clock, random);
    this.#staleToken = this.#token && this.#makeStaleTokenCheck(this.#token, clock, random);
    const onSend = () => this.#staleToken?.onSend();
    this.#retries = new RetryQueues(clock, random);
    this.#unaryPorts = {
      pool: this.#pool,
      clock,
      random,
      retries: this.#retries,
      store: this.store,
      token: this.#token,
      metadata: () => this.#metadata,
      auth: options.auth,
      maxReceiveBytes: options.maxReceiveBytes,
      running: this.#running,
      isForeign: (member, withinMs) => this.#checks.isForeign(member, withinMs),
      closing: this.#closing.signal,
      onSend,
    };
    this.#streams = new StreamRegistry({
      pool: this.#pool,
      clock,
      random,
      metadata: () => this.#metadata,
      maxReceiveBytes: options.maxReceiveBytes,
      store: this.store,
      connect: (signal) => this.#connectStream(signal),
      beforeAnswer,
      onSend,
    });
  }

  /** How long a call may take that does not say otherwise, in milliseconds. */
  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** As whom the client asks, for the errors of what is asked over streams. */
  get user(): Pick<RequestDescription, 'user' | 'hasAuth'> {
    return userOf(this.#options.auth);
  }

  /** Counts the tokens this client has used; 0 before the first, and always without a user. */
  get tokenGeneration(): number {
    return this.#token?.generation ?? 0;
  }

  /** Calls back with the generation of each new token. */
  onToken(listener: (generation: number) => void): void {
    this.#token?.onChange(listener);
  }

  /**
   * Gets a token newer than that of `used`, one request for all who ask.
   * @throws `cause` when no user was given; else what getting one throws.
   */
  async refreshToken(used: number, cause: EtcdError): Promise<void> {
    if (!this.#token) throw cause;
    await this.#token.refresh(used, { cause });
    // The provider has no other, and waiting for one is all that is left: etcd would refuse it as often as it is sent.
    if (this.#token.isUnchanged && cause.reason === 'AuthOldRevision') throw cause;
  }

  /**
   * One unary RPC, tried on as many members and as often as its deadline and `idempotency` allow.
   * @throws {EtcdError} by what etcd said; {DeadlineError}; {AmbiguousWriteError} for a write whose answer was lost;
   *   {StoreReplacedError} for a read during which an answer showed another store; {InvalidInputError} for a request
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

  /** Opens a duplex stream on a connected member. Finding one has no deadline: cancel it, or close the client. */
  duplex<Req, Res>(
    method: Method<Req, Res>,
    options: DuplexOptions,
    handlers: DuplexHandlers<Res>,
  ): ReportableDuplex<Req> {
    return this.#streams.open(method, options, handlers);
  }

  /**
   * Reads the member list and takes over what it advertises; see {@link Membership.adopt}.
   * @throws as `unary` does.
   */
  async sync(options: TracedCallOptions): Promise<SyncResult> {
    this.#membership.checkRule(this.#options.sync);
    const { members } = await this.unary(ClusterService.memberList, { linearizable: true }, 'read', options);
    return this.#membership.adopt(members, this.#options.sync);
  }

  /** Forgets the calls that wait for a free stream: to be called before the end of any stream makes room for them. */
  cancelUnsent(): void {
    for (const call of this.#running) if (call.isUnsent()) call.cancel(closedText);
  }

  /** Cancels everything under way and closes the connections. Idempotent. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new ClosedError('the client'));
    for (const call of this.#running) call.cancel(closedText);
    this.#retries.close(this.#closing.signal.reason);
    this.#streams.close();
    this.#pool.close();
    this.#processRef.close();
  }

  /** Keeps the process alive until the returned function is called: streams by themselves do not. */
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
    return new UnaryCall(
      this.#unaryPorts,
      { method, idempotency: idempotency, request },
      timeoutMs,
      options,
    ).run(bytes);
  }

  /** A write was carried out, whichever store it was. */
  #checkStore(idempotency: IdempotencyLevel, epoch: number): void {
    const isRead = idempotency === 'read' || idempotency === 'local-read';
    const replaced = this.store.replacedSince(epoch);
    if (replaced && isRead) throw replaced;
  }

  #makeToken(clock: Clock, random: () => number): TokenSource | undefined {
    const { auth, timeoutMs } = this.#options;
    if (!auth) return undefined;
    const ports = {
      pool: this.#pool,
      store: this.store,
      clock,
      random,
      maxReceiveBytes: this.#options.maxReceiveBytes,
      running: this.#running,
      closing: this.#closing.signal,
      connectTimeoutMs: timeoutMs,
      isResponsive: (member: Member) => this.#checks.answersWithoutToken(member),
    };
    const source = new TokenSource(
      tokenFetcher(auth, {
        authenticate: (name, password) => authenticate(ports, name, password),
        timeoutMs,
      }),
      { clock, random },
    );
    source.onChange((generation) => {
      this.#metadata = new CallMetadata(source.token, generation);
    });
    return source;
  }

  #makeStaleTokenCheck(token: TokenSource, clock: Clock, random: () => number): StaleTokenCheck {
    return new StaleTokenCheck({
      clock,
      random,
      token,
      issuedOnFetch: !(this.#options.auth && 'tokenProvider' in this.#options.auth),
      overdueMembers: (ms) => this.#overdue(clock.now(), ms),
      answersWithToken: (member, ms) => this.#checks.answersWithToken(member, ms),
      hasQuorum: (member, ms) => this.#checks.hasQuorum(member, ms),
      onStale: (member, generation, proven) => this.#dropStale(member, generation, proven),
    });
  }

  /**
   * Ends what waits with a token of another store, so that it is sent again with the new one. The proof is one member's:
   * another one may still be of the store that was, if the endpoints name both.
   */
  #dropStale(member: Member, generation: number, proven: boolean): void {
    for (const call of [...this.#running]) {
      const { tokenUse } = call;
      if (!tokenUse || tokenUse.generation > generation) continue;
      // What etcd would answer, once it does: not carried out. Short of a proof that is open, and a write keeps waiting.
      if (proven && tokenUse.member === member) call.failWithInvalidToken();
      else if (tokenUse.idempotency !== 'write') call.cancel('its token is of another store, as it seems');
    }
    this.#streams.endStale(generation);
  }

  #suspectToken(endpoint: string): void {
    const health = this.#pool.members.find(({ member }) => member.endpoint === endpoint);
    if (health) this.#staleToken?.suspect(health.member);
  }

  /** See StaleTokenPorts. */
  #overdue(now: number, ms: number): readonly Member[] | undefined {
    const onStreams = this.#streams.overdueMembers(ms);
    const members = new Set(onStreams);
    let anyUnanswered = onStreams !== undefined;
    for (const health of this.#pool.members) {
      const unanswered = health.unansweredMs(now);
      if (unanswered === undefined) continue;
      anyUnanswered = true;
      if (unanswered >= ms) members.add(health.member);
    }
    return anyUnanswered ? [...members] : undefined;
  }

  async #connectStream(signal: AbortSignal): Promise<{ member: Member; channel: Channel }> {
    if (this.#token?.generation === 0) await raceAbort(this.#token.refresh(0), signal);
    this.#token?.renewIfDue();
    for (let attempt = 0; ; attempt++) {
      const { member } = await withAnySignal(signal, this.#closing.signal, (either) =>
        this.#pool.connect(either),
      );
      const channel = member.readyChannel;
      if (channel) return { member, channel };
      // It connected and hung up.
      await delay(backoffDelay(retryPause, attempt, this.#unaryPorts.random), signal, { unref: true });
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
