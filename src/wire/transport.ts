import type { Channel } from '@grpc/grpc-js';
import { backoffDelay, type Clock, delay, ProcessRef, withAnySignal, withTimeout } from '../async/index.js';
import { ClientDiagnostics, memberTopic } from '../diagnostics/index.js';
import { ClosedError, DeadlineError, type EtcdError, type RequestDescription } from '../errors/index.js';
import { type Convert, noOptions } from '../model/index.js';
import { ClientToken } from './auth/client-token.js';
import { BatchAttempts } from './batch-attempts.js';
import { describeTried } from './call/attempt-log.js';
import type { RunningCall } from './call/call.js';
import type { CallMetadata } from './call/metadata.js';
import type { Caller, EarlierAttempt, PendingCallPorts } from './call/pending-call.js';
import { userOf } from './call/request-description.js';
import { RetryQueues } from './call/retry-queues.js';
import { retryPause } from './call/retry-rule.js';
import { startCall } from './call/start-call.js';
import { TracedCall } from './call/traced-call.js';
import { memberList } from './codec/admin-methods.js';
import { EndpointCalls } from './endpoint-calls.js';
import { MemberChecks } from './member/checks.js';
import type { Member } from './member/member.js';
import type { MemberEvent } from './member/member-event.js';
import type { SyncResult } from './member/membership.js';
import { StoreIdentity } from './member/store-identity.js';
import { Members } from './members.js';
import type { CallOptions, IdempotencyLevel, Method, StreamMethod, TracedCallOptions } from './method.js';
import type { DuplexHandlers, ReportableDuplex } from './stream/duplex.js';
import { type DuplexOptions, StreamRegistry } from './stream/registry.js';
import { TransportMetrics } from './transport-metrics.js';
import type { TransportOptions } from './transport-options.js';

/** Callbacks into the rest of the client. */
export interface TransportHooks {
  /** What the client shows of itself. Default: nothing receives it. */
  readonly diagnostics?: ClientDiagnostics;
  /** Called for each change of a member's health or of the member list. */
  readonly onEvent?: (event: MemberEvent) => void;
  /** Called when a name or the SRV records cannot be resolved. */
  readonly onResolutionFailed?: (error: EtcdError) => void;
  /** Called immediately before a call settles and before a stream's handler receives a message or the end. */
  readonly beforeAnswer?: () => void;
}

/** The connection to etcd: unary calls, which are retried where that is safe, and duplex streams, which are not. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #members: Members;
  readonly #checks: MemberChecks;
  readonly #closing = new AbortController();
  /** Aborted when the connections close: after `#closing`, if calls outlive the client's end. */
  readonly #disconnecting = new AbortController();
  readonly #processRef = new ProcessRef();
  readonly #token: ClientToken;
  readonly #running = new Set<RunningCall>();
  readonly #retries: RetryQueues;
  /** The identity of the store, from all answers. */
  readonly store = new StoreIdentity();
  readonly #callPorts: PendingCallPorts;
  /** Those of the calls that outlive the client's end. */
  readonly #lastCallPorts: PendingCallPorts;
  readonly #lastRetries: RetryQueues;
  readonly #streams: StreamRegistry;
  readonly #removeMetrics: () => void;
  /** Sends batches of reads. */
  readonly batches: BatchAttempts;
  /** Sends calls to a member that the caller names. */
  readonly onEndpoint: EndpointCalls;

  constructor(
    options: TransportOptions,
    clock: Clock,
    random: () => number,
    {
      diagnostics = new ClientDiagnostics({ name: 'unnamed' }),
      onEvent = () => {},
      onResolutionFailed = () => {},
      beforeAnswer = () => {},
    }: TransportHooks = {},
  ) {
    const ports = this.#sharedPorts(options, clock, random, diagnostics);
    this.#options = options;
    this.#checks = new MemberChecks(ports);
    this.#members = new Members(options, {
      diagnostics,
      clock,
      random,
      probe: (member) => this.#checks.probe(member),
      onEvent: (event) => {
        onEvent(event);
        this.#onMember(event);
      },
      onResolutionFailed,
    });
    const { pool } = this.#members;
    const closing = this.#closing.signal;
    const streams = { ...ports, closing, beforeAnswer };
    this.#streams = new StreamRegistry({
      ...streams,
      pool,
      connect: (signal) => this.#connectStream(signal, clock, random),
    });
    this.#token = this.#createToken(options, ports);
    this.#retries = new RetryQueues(clock, random);
    this.#lastRetries = new RetryQueues(clock, random);
    this.#lastCallPorts = this.#createCallPorts(options, ports, beforeAnswer);
    this.#callPorts = { ...this.#lastCallPorts, closing, retries: this.#retries };
    diagnostics.counters.hasCredentials = options.auth !== undefined;
    this.#removeMetrics = diagnostics.addSource(
      new TransportMetrics(pool, [this.#retries, this.#lastRetries]),
    );
    this.store.onReplaced((error) => {
      if (diagnostics.wants(memberTopic)) diagnostics.publish(memberTopic, { type: 'store-replaced', error });
    });
    this.batches = new BatchAttempts(this.#callPorts, this.#checks);
    this.onEndpoint = new EndpointCalls({
      calls: this.#callPorts,
      streams,
      checks: this.#checks,
      addressOf: (endpoint) => this.#members.addressOf(endpoint),
      locate: (endpoint) => this.#members.locate(endpoint),
      newMember: (address) => this.#members.newMember(address),
      prepareToken: (signal) => this.#token.prepare(signal),
    });
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
  unary<Req, Res, T = Res>(
    method: Method<Req, Res>,
    request: Req,
    idempotency: IdempotencyLevel,
    options: TracedCallOptions = noOptions,
    convert?: Convert<Req, Res, T>,
  ): Promise<NoInfer<T>> {
    return new Promise((resolve, reject) => {
      const caller = { method, request, idempotency, convert, resolve, reject };
      const ports = options.outlivesClose ? this.#lastCallPorts : this.#callPorts;
      startCall(ports, caller, options);
    });
  }

  /** Makes a trace of a call that `unary` does not make; undefined while calls are not traced. */
  traceCall({ path }: { readonly path: string }, request: unknown): TracedCall | undefined {
    const { diagnostics } = this.#callPorts;
    return diagnostics.tracesCalls ? new TracedCall(diagnostics, path, request) : undefined;
  }

  /** As `unary`, for a caller with its own promise, possibly after its request was part of a batch. */
  call<Req, Res, T>(caller: Caller<Req, Res, T>, options: TracedCallOptions, earlier: EarlierAttempt): void {
    startCall(this.#callPorts, caller, options, earlier);
  }

  /** Opens a duplex stream on a connected member. The wait for a member has no time limit: `cancel()` or `close()` ends it. */
  duplex<Req, Res>(
    method: StreamMethod<Req, Res>,
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
    this.#members.checkSyncRule();
    const { members } = await this.unary(memberList, { linearizable: true }, 'read', options);
    return this.#members.adopt(members);
  }

  /**
   * Checks whether a user's password may be sent, after SRV records have decided whether the client uses TLS. Returns the
   * options for the call, with the time that is left.
   * @throws {InvalidInputError} for plaintext to another machine, unless `allowed` or `auth.allowPlaintext` is set;
   *   as a call, if no member can be reached before that is decided.
   */
  async checkPasswordMayBeSent(allowed: boolean, options: CallOptions): Promise<CallOptions> {
    const { clock } = this.#callPorts;
    const { signal, timeoutMs = this.timeoutMs } = options;
    const startedAt = clock.now();
    if (!allowed && !this.#members.isTlsDecided) await this.#untilConnected(timeoutMs, signal);
    this.#members.checkPasswordMayBeSent(allowed);
    return { signal, timeoutMs: Math.max(0, timeoutMs - (clock.now() - startedAt)) };
  }

  async #untilConnected(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { pool } = this.#members;
    const { clock, closing } = this.#callPorts;
    closing.throwIfAborted();
    const release = this.keepProcessAlive();
    const stop = new AbortController();
    const timeoutError = () => {
      const tried = pool.failures();
      const text = `no member was found in time: ${describeTried(tried)}`;
      return new DeadlineError(text, { verdict: 'not-applied', tried });
    };
    try {
      await withAnySignal(stop.signal, closing, (either) =>
        withTimeout(pool.connect(either), timeoutMs, timeoutError, { clock, signal }),
      );
    } finally {
      stop.abort();
      release();
    }
  }

  /** Cancels the calls that wait for a free stream. Call this before ending a stream, which would let them be sent. */
  cancelUnsent(): void {
    for (const call of this.#running) if (!call.outlivesClose && call.isUnsent()) call.cancel(closedText);
  }

  /** Cancels the streams and the calls, except those that outlive the client's end. Idempotent. */
  endCalls(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new ClosedError('the client'));
    for (const call of this.#running) if (!call.outlivesClose) call.cancel(closedText);
    this.#retries.close(this.#closing.signal.reason);
    this.#streams.close();
  }

  /** Cancels all calls and streams and closes the connections. Idempotent. */
  close(): void {
    if (this.#disconnecting.signal.aborted) return;
    this.endCalls();
    const reason = new ClosedError('the client');
    this.#disconnecting.abort(reason);
    for (const call of this.#running) call.cancel(closedText);
    this.#lastRetries.close(reason);
    this.#members.close();
    this.#removeMetrics();
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

  /** What the parts of a transport share. */
  #sharedPorts(
    { maxReceiveBytes }: TransportOptions,
    clock: Clock,
    random: () => number,
    diagnostics: ClientDiagnostics,
  ): SharedPorts {
    return {
      diagnostics,
      clock,
      random,
      maxReceiveBytes,
      store: this.store,
      running: this.#running,
      closing: this.#disconnecting.signal,
      metadata: () => this.#token.metadata,
      onSend: () => this.#token.onSend(),
    };
  }

  #createToken({ auth, timeoutMs }: TransportOptions, ports: SharedPorts): ClientToken {
    const [checks, streams] = [this.#checks, this.#streams];
    return new ClientToken(auth, { ...ports, pool: this.#members.pool, checks, streams, timeoutMs });
  }

  #createCallPorts(
    { auth, timeoutMs, maxRequestBytes }: TransportOptions,
    ports: SharedPorts,
    beforeAnswer: () => void,
  ): PendingCallPorts {
    return {
      ...ports,
      auth,
      timeoutMs,
      maxRequestBytes,
      beforeAnswer,
      pool: this.#members.pool,
      retries: this.#lastRetries,
      token: this.#token.source,
      processRef: this.#processRef,
      isForeign: (member, withinMs) => this.#checks.isForeign(member, withinMs),
    };
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
        this.#members.pool.connect(either),
      );
      const channel = member.readyChannel;
      if (channel) return { member, channel };
      // The member closed the connection immediately after it was made.
      await delay(backoffDelay(retryPause, attempt, random), signal, { clock });
    }
  }
}

/** What the parts of a transport share. */
interface SharedPorts {
  readonly diagnostics: ClientDiagnostics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly maxReceiveBytes: number;
  readonly store: StoreIdentity;
  /** The calls in flight. */
  readonly running: Set<RunningCall>;
  /** Aborted when the connections close. */
  readonly closing: AbortSignal;
  /** The metadata with the present token. */
  readonly metadata: () => CallMetadata;
  /** Called when a request is sent. */
  readonly onSend: () => void;
}

const closedText = 'the client was closed';
