import {
  Channel,
  type ChannelOptions,
  connectivityState,
  type InterceptingListener as Listener,
  Metadata,
  status,
} from '@grpc/grpc-js';
import { inRootContext, resolvesWithin, systemClock } from '../../async/index.js';
import { Code, describeConnectFailure, EtcdError, toEtcdError } from '../../errors/index.js';
import type { MemberCredentials } from '../tls/credentials.js';
import type { ConnectionRecord } from './connection-record.js';
import type { MemberAddress } from './endpoints.js';

/** The minimum time before a member that failed because of TLS is dialled again. Until then its last error is returned. */
const tlsRetryMs = 1_000;
/** With the pauses between probes this takes some 15 s; by then, HTTP/2 keepalive has closed a dead connection. */
const maxUnansweredProbes = 3;
/** How long a replaced connection stays open for its calls. Longer than any reasonable deadline. */
const lingerMs = 60_000;

/**
 * One etcd member and its channel. Each member has a channel of its own, so that failures are attributed to one member
 * and do not affect the others.
 */
export class Member {
  readonly endpoint: string;
  readonly #target: string;
  readonly #unresolved: (() => string) | undefined;
  readonly #credentials: MemberCredentials;
  readonly #options: ChannelOptions;
  readonly #connectTimeoutMs: number;
  #channel: Channel;
  #channelSince = performance.now();
  #connecting: Promise<Channel> | undefined;
  #unansweredProbes = 0;
  /** Replaced channels that finish their calls, each with a function that cancels its close timer. */
  readonly #lingering = new Map<Channel, () => void>();
  readonly #record: ConnectionRecord | undefined;
  #closed = false;

  constructor(
    address: MemberAddress,
    credentials: MemberCredentials,
    options: ChannelOptions,
    connectTimeoutMs: number,
    record?: ConnectionRecord,
  ) {
    this.endpoint = address.endpoint;
    this.#target = address.target;
    this.#unresolved = address.unresolved;
    this.#credentials = credentials;
    this.#options = options;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#record = record;
    this.#channel = this.#newChannel();
  }

  /** Whether the member stands for a name that has no address yet. */
  get isUnresolved(): boolean {
    return this.#unresolved !== undefined;
  }

  /** The channel if it is connected, else undefined. */
  get readyChannel(): Channel | undefined {
    return this.#channel.getConnectivityState(false) === connectivityState.READY ? this.#channel : undefined;
  }

  /**
   * Changes whenever a connection to the member is made or lost. Answers with the same id arrived over one connection
   * and, without a proxy in between, from one process.
   */
  get connectionId(): number {
    return this.#credentials.connectionId;
  }

  /**
   * Returns the connected channel. Concurrent callers share one attempt.
   * @throws {EtcdError} UNAVAILABLE, verdict `not-applied`, naming the member, if it cannot be reached within the connect
   *   timeout. An attempt that hangs (lost SYN packets) is discarded with its channel.
   *   {TlsError} if TLS prevents the connection.
   */
  connect(): Promise<Channel> {
    if (this.#unresolved) return Promise.reject(this.#unreachable(this.#unresolved()));
    const ready = this.readyChannel;
    if (ready) return Promise.resolve(ready);
    this.#connecting ??= inRootContext(() => this.#connectRecorded());
    return this.#connecting;
  }

  /**
   * Records the result of a probe. A connection may answer pings but no requests, because its streams are used up or a
   * proxy lost its upstream. After {@link maxUnansweredProbes} unanswered probes in a row, new calls get a new connection;
   * calls in flight may finish on the old one within {@link lingerMs}.
   */
  recordProbe(answered: boolean): void {
    this.#unansweredProbes = answered ? 0 : this.#unansweredProbes + 1;
    if (this.#unansweredProbes < maxUnansweredProbes || this.#closed) return;
    this.#unansweredProbes = 0;
    this.#record?.replaced();
    this.#linger(this.#channel);
    this.#newConnection();
  }

  close(): void {
    this.#closed = true;
    this.#channel.close();
    for (const [channel, cancel] of this.#lingering) {
      cancel();
      channel.close();
    }
    this.#credentials.close();
  }

  async #connectRecorded(): Promise<Channel> {
    try {
      return await this.#connectNow();
    } catch (error) {
      if (!this.#closed) this.#record?.failed(toEtcdError(error));
      throw error;
    } finally {
      this.#connecting = undefined;
    }
  }

  async #connectNow(): Promise<Channel> {
    const deadline = performance.now() + this.#connectTimeoutMs;
    // A refused channel stays TRANSIENT_FAILURE while it retries, even if that attempt hangs: replace it after a while.
    // Specification: https://github.com/grpc/proposal/blob/master/A62-pick-first.md
    if (this.#startConnecting() === connectivityState.TRANSIENT_FAILURE && this.#isStale())
      this.#replaceChannel();
    for (;;) {
      const state = this.#startConnecting();
      if (state === connectivityState.READY) return this.#channel;
      if (state === connectivityState.TRANSIENT_FAILURE) throw await this.#connectError();
      if (!(await waitForStateChange(this.#channel, state, deadline))) {
        this.#replaceChannel();
        throw this.#unreachable(`no connection within ${this.#connectTimeoutMs} ms`);
      }
    }
  }

  async #connectError(): Promise<EtcdError> {
    const tlsError = await this.#credentials.diagnosis.error();
    if (tlsError) return tlsError;
    // `lastError` starts a call, and grpc-js throws if a call is started on a closed channel.
    return this.#unreachable(this.#closed ? 'the client is closed' : await lastError(this.#channel));
  }

  /**
   * Throws if the member is closed.
   *
   * Workaround (grpc-js 1.14.7; no public issue found, `getConnectivityState` of internal-channel.ts): grpc-js would
   * connect a closed channel, and dial forever. Remove when it refuses.
   */
  #startConnecting(): connectivityState {
    if (this.#closed) throw this.#unreachable('the client is closed');
    return this.#channel.getConnectivityState(true);
  }

  /** Whether the channel's last error is too old to describe the member's present state. */
  #isStale(): boolean {
    const failureAgeMs = this.#credentials.diagnosis.ageMs ?? 0;
    return failureAgeMs > tlsRetryMs || performance.now() - this.#channelSince > this.#connectTimeoutMs;
  }

  #replaceChannel(): void {
    this.#channel.close();
    this.#newConnection();
  }

  #newConnection(): void {
    this.#credentials.diagnosis.forget();
    if (!this.#closed) this.#channel = this.#newChannel();
    this.#channelSince = performance.now();
  }

  #linger(channel: Channel): void {
    const cancel = systemClock.setTimer(lingerMs, () => {
      this.#lingering.delete(channel);
      channel.close();
    });
    this.#lingering.set(channel, cancel);
  }

  #newChannel(): Channel {
    return inRootContext(() => {
      const channel = new Channel(this.#target, this.#credentials, this.#options);
      if (this.#record) recordConnections(channel, this.#record);
      return channel;
    });
  }

  #unreachable(why: string): EtcdError {
    return new EtcdError(`member ${this.endpoint}: ${why}`, {
      code: Code.UNAVAILABLE,
      verdict: 'not-applied',
    });
  }
}

/** Records each change of the channel to a connection or from one, until the channel is closed by this client. */
function recordConnections(channel: Channel, record: ConnectionRecord): void {
  let before: connectivityState = channel.getConnectivityState(false);
  const watch = () => channel.watchConnectivityState(before, Infinity, onChange);
  const onChange = () => {
    const last = before;
    before = channel.getConnectivityState(false);
    if (before === connectivityState.SHUTDOWN) return;
    watch(); // before the event, whose subscriber may close the client: grpc-js throws for a closed channel
    if (before === connectivityState.READY) record.made();
    else if (last === connectivityState.READY) record.lost();
  };
  watch();
}

/**
 * Resolves with whether the channel leaves the state in time.
 *
 * Workaround (grpc-js 1.14.7; https://github.com/grpc/grpc-node/pull/1714): the timer of `watchConnectivityState` would
 * keep the process alive, so the deadline is a timer of ours. Remove when that timer is unref'd.
 */
function waitForStateChange(channel: Channel, state: connectivityState, deadline: number): Promise<boolean> {
  const changed = new Promise<void>((resolve, reject) => {
    channel.watchConnectivityState(state, Infinity, (error) => (error ? reject(error) : resolve()));
  });
  return resolvesWithin(changed, deadline - performance.now()).catch(() => false);
}

/**
 * The text of the channel's last connection failure.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `updateState` of internal-channel.ts passes no error to a
 * watcher): grpc-js reports the failure only to a call, so this starts a call and cancels it. Remove when a channel
 * reports its error.
 */
function lastError(channel: Channel): Promise<string> {
  return new Promise((resolve) => {
    const call = channel.createCall('/', Infinity, null, null, undefined);
    const listener: Listener = {
      onReceiveMetadata() {},
      onReceiveMessage() {},
      onReceiveStatus: ({ details }) => resolve(describeConnectFailure(details)),
    };
    call.start(new Metadata(), listener);
    setImmediate(() => setImmediate(() => call.cancelWithStatus(status.CANCELLED, 'connection failed')));
  });
}
