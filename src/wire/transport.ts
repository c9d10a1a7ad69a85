import type { Channel } from '@grpc/grpc-js';
import {
  backoffDelay,
  type Clock,
  delay,
  ProcessHold,
  raceAbort,
  sharedAbort,
  withEither,
} from '../async/index.js';
import { ClosedError, EtcdError, InvalidInputError } from '../errors/index.js';
import { AuthService, ClusterService, KVService, MaintenanceService, RangeRequest } from '../gen/etcd/rpc.js';
import { checkAuth } from './auth.js';
import { tokenFetcher } from './authenticator.js';
import { attemptUnary, type RunningCall } from './call.js';
import { CallMetadata } from './call-metadata.js';
import { makeChannelOptions } from './channel-options.js';
import { makeCredentials } from './credentials.js';
import type { DoubtableDuplex, DuplexHandlers } from './duplex.js';
import { type MemberAddress, parseEndpoints } from './endpoints.js';
import { Member } from './member.js';
import { type MemberEvent, MemberPool } from './member-pool.js';
import { Membership, type SyncResult } from './membership.js';
import { type Method, methodName, type Safety, type TracedCallOptions } from './method.js';
import { checkPlaintext, keepsSecrets } from './plaintext.js';
import { RetryQueues } from './retry-queues.js';
import { type MemberTrouble, retryPause, troubleOf } from './retry-rule.js';
import { StoreIdentity } from './store-identity.js';
import { type StreamOptions, Streams } from './streams.js';
import { TokenSource } from './token.js';
import type { TransportOptions } from './transport-options.js';
import { UnaryCall, type UnaryPorts } from './unary.js';

/** How long a member that was in trouble may take to answer a probe, and any member to tell its version. */
const probeMs = 3_000;
const versionMs = 5_000;
const probeRequest = RangeRequest.create({ key: Buffer.of(0), limit: 1n, keysOnly: true });

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
  readonly #membership: Membership;
  readonly #closing = sharedAbort();
  readonly #hold = new ProcessHold();
  readonly #token: TokenSource | undefined;
  #metadata = new CallMetadata(undefined);
  readonly #running = new Set<RunningCall>();
  readonly #retries: RetryQueues;
  /** Which store it is, by all answers. */
  readonly store = new StoreIdentity();
  readonly #unaryPorts: UnaryPorts;
  readonly #streams: Streams;
  readonly #beforeAnswer: () => void;

  constructor(
    options: TransportOptions,
    clock: Clock,
    random: () => number,
    { onEvent = () => {}, beforeAnswer = () => {} }: TransportHooks = {},
  ) {
    const { members, tls } = parseEndpoints(options.endpoints);
    if (tls === false && options.tls)
      throw new InvalidInputError('tls is given, but the endpoints say http://');
    checkAuth(options.auth);
    const speaksTls = tls ?? (options.tls ?? undefined) !== undefined;
    checkPlaintext(members, options.auth, speaksTls);
    const credentialsFor = makeCredentials(tls ? (options.tls ?? {}) : options.tls, options.connectTimeoutMs);
    const channelOptions = makeChannelOptions(options);
    this.#options = options;
    this.#beforeAnswer = beforeAnswer;
    const newMember = (address: MemberAddress) =>
      new Member(address, credentialsFor(address), channelOptions, options.connectTimeoutMs);
    this.#pool = new MemberPool(members.map(newMember), {
      clock,
      random,
      probe: (member) => this.#probe(member),
      onEvent: (event) => {
        onEvent(event);
        if (event.type !== 'member-trouble') this.#streams.comeHome();
      },
    });
    this.#membership = new Membership(members, {
      pool: this.#pool,
      tls: speaksTls,
      provesName: options.tls?.serverName !== undefined && !options.tls.dangerouslySkipVerification,
      hasAuth: options.auth !== undefined,
      keepsSecrets: keepsSecrets(options.auth, speaksTls),
      newMember,
    });
    if (options.sync?.intervalMs !== undefined) this.#membership.checkRule(options.sync);
    this.#token = this.#makeToken();
    this.#retries = new RetryQueues(clock, random);
    this.#unaryPorts = {
      pool: this.#pool,
      clock,
      random,
      retries: this.#retries,
      store: this.store,
      token: this.#token,
      metadata: () => this.#metadata,
      maxReceiveBytes: options.maxReceiveBytes,
      running: this.#running,
      closing: this.#closing.signal,
    };
    this.#streams = new Streams({
      pool: this.#pool,
      clock,
      random,
      metadata: () => this.#metadata,
      maxReceiveBytes: options.maxReceiveBytes,
      store: this.store,
      connect: (signal) => this.#connectStream(signal),
      beforeAnswer,
    });
  }

  /** How long a call may take that does not say otherwise, in milliseconds. */
  get timeoutMs(): number {
    return this.#options.timeoutMs;
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
    await this.#token.refresh(used);
  }

  /**
   * One unary RPC, tried on as many members and as often as its deadline and `safety` allow.
   * @throws {EtcdError} by what etcd said; {DeadlineError}; {AmbiguousWriteError} for a write whose answer was lost;
   *   {StoreReplacedError} for a read during which an answer showed another store; {InvalidInputError} for a request
   *   over `maxRequestBytes`; {ClosedError}; or the signal's own reason.
   */
  async unary<Req, Res>(
    method: Method<Req, Res>,
    request: Req,
    safety: Safety,
    options: TracedCallOptions = {},
  ): Promise<Res> {
    const release = options.unref ? undefined : this.#hold.acquire();
    const { epoch } = this.store;
    try {
      const answer = await this.#unary(method, request, safety, options);
      if (epoch !== this.store.epoch) this.#checkStore(method, safety, epoch);
      return answer;
    } finally {
      release?.();
      this.#beforeAnswer();
    }
  }

  /** Opens a duplex stream on a connected member. Finding one has no deadline: cancel it, or close the client. */
  duplex<Req, Res>(
    method: Method<Req, Res>,
    options: StreamOptions,
    handlers: DuplexHandlers<Res>,
  ): DoubtableDuplex<Req> {
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

  /** Cancels everything under way and closes the connections. Idempotent. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new ClosedError('the client'));
    for (const call of this.#running) call.cancel('the client was closed');
    this.#retries.close(this.#closing.signal.reason);
    this.#streams.close();
    this.#pool.close();
    this.#hold.close();
  }

  /** Keeps the process alive until the returned function is called: streams by themselves do not. */
  hold(): () => void {
    return this.#hold.acquire();
  }

  /** The version of etcd that a member runs, as `3.5.25`; undefined when it does not say so within 5 s. */
  async versionOf(member: Member): Promise<string | undefined> {
    try {
      return (await this.#ask(member, MaintenanceService.status, {}, versionMs))?.version;
    } catch {
      return undefined; // not known, whatever the reason
    }
  }

  async #unary<Req, Res>(
    method: Method<Req, Res>,
    request: Req,
    safety: Safety,
    options: TracedCallOptions,
  ): Promise<Res> {
    const { signal, timeoutMs = this.#options.timeoutMs } = options;
    signal?.throwIfAborted();
    this.#throwIfClosed();
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) {
      throw new InvalidInputError(`timeoutMs is ${timeoutMs}; it must be a number of at least 0`);
    }
    const bytes = this.#encode(method, request);
    const kind = { method, safety, tokenless: isTokenless(method) };
    return new UnaryCall(this.#unaryPorts, kind, timeoutMs, options).run(bytes);
  }

  /**
   * Asks what a call would ask: a linearizable read, of a key that nobody has. To be refused it is an answer, too; a
   * member that is cut off from the others, or behind, gives none.
   */
  async #probe(member: Member): Promise<MemberTrouble | undefined> {
    try {
      await member.connect();
      await this.#ask(member, KVService.range, probeRequest, probeMs);
      return undefined;
    } catch (error) {
      if (error instanceof EtcdError) return troubleOf(error, Number.POSITIVE_INFINITY);
      throw error; // no answer of any kind: the pool holds it against the member
    }
  }

  /** One question to one member, once; undefined when it is not connected. */
  async #ask<Req, Res>(
    member: Member,
    method: Method<Req, Res>,
    request: Req,
    ms: number,
  ): Promise<Res | undefined> {
    const channel = member.ready;
    if (!channel) return undefined;
    return attemptUnary(channel, method, method.requestSerialize(request), {
      metadata: this.#metadata.plain,
      timeoutMs: ms,
      maxReceiveBytes: this.#options.maxReceiveBytes,
      signal: undefined,
      running: this.#running,
    });
  }

  /** A write was carried out, whichever store it was; a token is for the store that gave it. */
  #checkStore(method: { readonly path: string }, safety: Safety, epoch: number): void {
    const isRead = safety === 'read' || safety === 'local-read';
    const replaced = this.store.replacedSince(epoch);
    if (replaced && isRead && !isTokenless(method)) throw replaced;
  }

  #makeToken(): TokenSource | undefined {
    const { auth, timeoutMs } = this.#options;
    if (!auth) return undefined;
    const authenticate = async (name: string, password: string) =>
      (await this.unary(AuthService.authenticate, { name, password }, 'read', { unref: true })).token;
    const source = new TokenSource(tokenFetcher(auth, authenticate, timeoutMs));
    source.onChange(() => {
      this.#metadata = new CallMetadata(source.token);
    });
    return source;
  }

  async #connectStream(signal: AbortSignal): Promise<{ member: Member; channel: Channel }> {
    if (this.#token?.generation === 0) await raceAbort(this.#token.refresh(0), signal);
    this.#token?.renewIfDue();
    for (let attempt = 0; ; attempt++) {
      const { member } = await withEither(signal, this.#closing.signal, (either) =>
        this.#pool.connect(either),
      );
      const channel = member.ready;
      if (channel) return { member, channel };
      // It connected and hung up.
      await delay(backoffDelay(retryPause, attempt, this.#unaryPorts.random), signal, { unref: true });
    }
  }

  #encode<Req, Res>(method: Method<Req, Res>, request: Req): Buffer {
    const bytes = method.requestSerialize(request);
    const limit = this.#options.maxRequestBytes;
    if (limit > 0 && bytes.length > limit) {
      throw new InvalidInputError(
        `${methodName(method)} request of ${bytes.length} bytes is over the limit of ${limit} (maxRequestBytes; etcd's --max-request-bytes)`,
      );
    }
    return bytes;
  }

  #throwIfClosed(): void {
    if (this.#closing.signal.aborted) throw new ClosedError('the client');
  }
}

function isTokenless({ path }: { readonly path: string }): boolean {
  return path === AuthService.authenticate.path;
}
