import { type Channel, Metadata, status } from '@grpc/grpc-js';
import { type Clock, delay, ProcessHold, raceAbort, sharedAbort, within } from '../async/index.js';
import { ClosedError, DeadlineError, EtcdError, InvalidInputError } from '../errors/index.js';
import { AuthService, MaintenanceService } from '../gen/etcd/rpc.js';
import { attemptUnary, malformedRequest, type RawCall } from './call.js';
import { makeChannelOptions } from './channel-options.js';
import { makeCredentials } from './credentials.js';
import { type Duplex, DuplexCall, type DuplexHandlers } from './duplex.js';
import { parseEndpoints } from './endpoints.js';
import { Member } from './member.js';
import { MemberPool } from './member-pool.js';
import { type Method, methodName, type Safety, type TracedCallOptions } from './method.js';
import { blamesMember, maxTokensRefused, mayTryAgain, needsToken, retryPauseMs, told } from './retry-rule.js';
import { type AuthOptions, TokenSource } from './token.js';
import type { TransportOptions } from './transport-options.js';

export interface StreamOptions {
  /** Asks the member to refuse or end the stream when it sees no leader, instead of falling silent. */
  readonly requireLeader: boolean;
}

/** The way to etcd: unary calls that are tried again where that is safe, and duplex streams that are not. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  readonly #pool: MemberPool;
  readonly #closing = sharedAbort();
  readonly #hold = new ProcessHold();
  readonly #token: TokenSource | undefined;
  #metadata = new Metadata();
  readonly #running = new Set<RawCall>();
  readonly #streams = new Set<Duplex<never>>();

  constructor(options: TransportOptions, clock: Clock, random: () => number) {
    const { members, tls } = parseEndpoints(options.endpoints);
    if (tls === false && options.tls)
      throw new InvalidInputError('tls is given, but the endpoints say http://');
    const credentials = makeCredentials(tls ? (options.tls ?? {}) : options.tls, options.connectTimeoutMs);
    const channelOptions = makeChannelOptions(options);
    this.#options = options;
    this.#clock = clock;
    this.#pool = new MemberPool(
      members.map((member) => new Member(member, credentials, channelOptions, options.connectTimeoutMs)),
      clock,
      random,
    );
    const { auth } = options;
    if (auth) {
      this.#token = new TokenSource(() => this.#authenticate(auth));
      this.#token.onChange(() => {
        this.#metadata = this.#newMetadata();
      });
    }
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
   * @throws `cause` when no user was given; else what Authenticate throws.
   */
  async refreshToken(used: number, cause: EtcdError): Promise<void> {
    if (!this.#token) throw cause;
    await this.#token.refresh(used);
  }

  /**
   * One unary RPC, tried on as many members and as often as its deadline and `safety` allow.
   * @throws {EtcdError} by what etcd said; {DeadlineError}; {AmbiguousWriteError} for a write whose answer was lost;
   *   {InvalidInputError} for a request over `maxRequestBytes`; {ClosedError}; or the signal's own reason.
   */
  async unary<Req, Res>(
    method: Method<Req, Res>,
    request: Req,
    safety: Safety,
    options: TracedCallOptions = {},
  ): Promise<Res> {
    const release = options.unref ? undefined : this.#hold.acquire();
    try {
      return await this.#unary(method, request, safety, options);
    } finally {
      release?.();
    }
  }

  /** Opens a duplex stream on a connected member. Finding one has no deadline: cancel it, or close the client. */
  duplex<Req, Res>(
    method: Method<Req, Res>,
    options: StreamOptions,
    handlers: DuplexHandlers<Res>,
  ): Duplex<Req> {
    const giveUp = new AbortController();
    let member: Member | undefined;
    const stream: Duplex<Req> = {
      send: (request) => call.send(request),
      cancel: () => {
        this.#streams.delete(stream);
        call.cancel();
        giveUp.abort();
      },
      abandon: () => {
        stream.cancel();
        if (member) this.#pool.blame(member);
      },
    };
    const call = new DuplexCall(method, {
      message: (response) => handlers.message(response),
      end: (error) => {
        this.#streams.delete(stream);
        if (member && blamesMember(error)) this.#pool.blame(member);
        handlers.end(error);
      },
    });
    this.#streams.add(stream);
    this.#connectStream(giveUp.signal)
      .then(
        (connected) => {
          member = connected.member;
          const metadata = this.#newMetadata();
          if (options.requireLeader) metadata.set('hasleader', 'true');
          call.start(connected.channel, metadata);
          handlers.opened?.(connected.member);
        },
        (error) => {
          if (error instanceof EtcdError) call.end(error);
        },
      )
      .catch((error) => call.end(malformedRequest(method, error)));
    return stream;
  }

  /** Cancels everything under way and closes the connections. Idempotent. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new ClosedError('the client'));
    for (const call of this.#running) call.cancelWithStatus(status.CANCELLED, 'the client was closed');
    for (const stream of this.#streams) stream.cancel();
    this.#pool.close();
    this.#hold.close();
  }

  /** Keeps the process alive until the returned function is called: streams by themselves do not. */
  hold(): () => void {
    return this.#hold.acquire();
  }

  /** The version of etcd that a member runs, as `3.5.25`; undefined when it does not say so within 5 s. */
  async versionOf(member: Member): Promise<string | undefined> {
    const channel = member.ready;
    if (!channel) return undefined;
    try {
      const request = MaintenanceService.status.requestSerialize({});
      const status = await attemptUnary(channel, MaintenanceService.status, request, {
        metadata: this.#metadata,
        deadline: Date.now() + 5_000,
        signal: undefined,
        running: this.#running,
      });
      return status.version;
    } catch (error) {
      if (error instanceof EtcdError) return undefined;
      throw error;
    }
  }

  async #unary<Req, Res>(
    method: Method<Req, Res>,
    request: Req,
    safety: Safety,
    { signal, timeoutMs = this.#options.timeoutMs, onSend }: TracedCallOptions,
  ): Promise<Res> {
    signal?.throwIfAborted();
    this.#throwIfClosed();
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) {
      throw new InvalidInputError(`timeoutMs is ${timeoutMs}; it must be a number of at least 0`);
    }
    const bytes = this.#encode(method, request);
    const deadline = this.#clock.now() + timeoutMs;
    let tokensRefused = 0;
    for (let attempt = 0; ; attempt++) {
      if (this.#token?.generation === 0 && !isAuthenticate(method)) {
        await this.#newerToken(this.#token, 0, deadline, signal);
      }
      const generation = this.tokenGeneration;
      const atHand = this.#pool.ready;
      const member = atHand ?? (await this.#pool.connect(deadline, this.#orClosing(signal)));
      const channel = member.ready;
      if (!channel) continue;
      onSend?.();
      try {
        const answer = await attemptUnary(channel, method, bytes, {
          // An old token makes etcd 3.4 turn down even the request for a new one.
          metadata: isAuthenticate(method) ? new Metadata() : this.#metadata,
          deadline: wallDeadline(deadline - this.#clock.now()),
          signal,
          running: this.#running,
        });
        if (!atHand) this.#pool.praise(member);
        return answer;
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        if (this.#closing.signal.aborted) throw new ClosedError('the client', error.verdict);
        if (!isAuthenticate(method) && needsToken(error) && tokensRefused < maxTokensRefused && this.#token) {
          tokensRefused++;
          await this.#newerToken(this.#token, generation, deadline, signal);
          continue;
        }
        if (blamesMember(error)) this.#pool.blame(member);
        if (!mayTryAgain(error, safety) || deadline - this.#clock.now() <= retryPauseMs) {
          throw told(error, method, safety, member.endpoint);
        }
        if (attempt > 0) await delay(retryPauseMs, signal);
      }
    }
  }

  /** Waits for the one request of all, no longer than this call may take. */
  #newerToken(
    token: TokenSource,
    used: number,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const late = () => new DeadlineError('no token before the deadline', { verdict: 'not-applied' });
    return raceAbort(within(token.refresh(used), deadline - this.#clock.now(), late), signal);
  }

  async #authenticate({ username, password }: AuthOptions): Promise<string | undefined> {
    try {
      const request = { name: username, password };
      return (await this.unary(AuthService.authenticate, request, 'read')).token;
    } catch (error) {
      // Switched off on the server: a token would be refused, and is not needed.
      if (error instanceof EtcdError && error.serverText === 'etcdserver: authentication is not enabled')
        return undefined;
      throw error;
    }
  }

  #newMetadata(): Metadata {
    const metadata = new Metadata();
    if (this.#token?.token !== undefined) metadata.set('token', this.#token.token);
    return metadata;
  }

  async #connectStream(signal: AbortSignal): Promise<{ member: Member; channel: Channel }> {
    if (this.#token?.generation === 0) await raceAbort(this.#token.refresh(0), signal);
    for (;;) {
      const member = await this.#pool.connect(Number.POSITIVE_INFINITY, this.#orClosing(signal));
      const channel = member.ready;
      if (channel) return { member, channel };
    }
  }

  #orClosing(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
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

/** As grpc-js takes it; it refuses a moment too far away. */
function wallDeadline(remainingMs: number): number {
  return remainingMs > farMs ? Number.POSITIVE_INFINITY : Date.now() + remainingMs;
}

const farMs = 365 * 24 * 3_600_000;

function isAuthenticate(method: { readonly path: string }): boolean {
  return method.path === AuthService.authenticate.path;
}
