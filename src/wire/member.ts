import {
  Channel,
  type ChannelOptions,
  connectivityState,
  type InterceptingListener as Listener,
  Metadata,
  status,
} from '@grpc/grpc-js';
import { systemClock } from '../async/index.js';
import { Code, EtcdError } from '../errors/index.js';
import type { MemberCredentials } from './credentials.js';
import type { MemberAddress } from './endpoints.js';

/** A member that TLS kept out is dialed anew for a call no sooner than this after the last time; until then the answer is the last one. */
const tlsRetryMs = 1_000;
/** With the pauses between probes this is some 15 s, after which HTTP/2 keepalive has ended a connection that is dead. */
const maxUnansweredProbes = 3;
/** Longer than any call that a careful caller makes. */
const lingerMs = 60_000;

/**
 * One etcd member and the channel to it. A channel each, so that one member's trouble is known as its own and
 * costs the others nothing.
 */
export class Member {
  readonly endpoint: string;
  readonly #target: string;
  readonly #credentials: MemberCredentials;
  readonly #options: ChannelOptions;
  readonly #connectTimeoutMs: number;
  #channel: Channel;
  #channelSince = performance.now();
  #connecting: Promise<Channel> | undefined;
  #unansweredProbes = 0;
  /** Channels for calls under way alone, with what cancels their end. */
  readonly #lingering = new Map<Channel, () => void>();
  #closed = false;

  constructor(
    address: MemberAddress,
    credentials: MemberCredentials,
    options: ChannelOptions,
    connectTimeoutMs: number,
  ) {
    this.endpoint = address.endpoint;
    this.#target = address.target;
    this.#credentials = credentials;
    this.#options = options;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#channel = this.#newChannel();
  }

  /** The channel if it is connected right now. */
  get readyChannel(): Channel | undefined {
    return this.#channel.getConnectivityState(false) === connectivityState.READY ? this.#channel : undefined;
  }

  /**
   * Changes whenever a connection to the member is made or lost: what was answered under one number came over one
   * connection, and so from one process, unless a proxy is in between.
   */
  get connectionId(): number {
    return this.#credentials.connectionId;
  }

  /**
   * The connected channel; all who wait share one attempt.
   * @throws {EtcdError} UNAVAILABLE, verdict `not-applied`, naming the member, when it cannot be reached within
   *   the connect timeout. An attempt that hangs (lost SYN packets) is thrown away with its channel.
   *   {TlsError} when TLS is what keeps it out.
   */
  connect(): Promise<Channel> {
    const ready = this.readyChannel;
    if (ready) return Promise.resolve(ready);
    this.#connecting ??= this.#connectNow().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /**
   * Notes what became of a probe. A connection may answer pings and carry no request: its streams are used up, or a
   * proxy lost its other side. After {@link maxUnansweredProbes} in a row new calls get another one; those under way may
   * end on the old one within {@link lingerMs}.
   */
  recordProbe(answered: boolean): void {
    this.#unansweredProbes = answered ? 0 : this.#unansweredProbes + 1;
    if (this.#unansweredProbes < maxUnansweredProbes || this.#closed) return;
    this.#unansweredProbes = 0;
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

  async #connectNow(): Promise<Channel> {
    const deadline = performance.now() + this.#connectTimeoutMs;
    // A channel once refused keeps saying TRANSIENT_FAILURE while it tries again, even if that try hangs: give up on it in time.
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
    // Closed meanwhile: grpc-js throws at whoever calls over a channel that is shut down.
    return this.#unreachable(this.#closed ? 'the client is closed' : await lastError(this.#channel));
  }

  /** A closed channel that is asked to connect does so, and dials for ever. */
  #startConnecting(): connectivityState {
    if (this.#closed) throw this.#unreachable('the client is closed');
    return this.#channel.getConnectivityState(true);
  }

  /** Whether the channel's failure is too old to be told as the present state of things. */
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
    return new Channel(this.#target, this.#credentials, this.#options);
  }

  #unreachable(why: string): EtcdError {
    return new EtcdError(`member ${this.endpoint}: ${why}`, {
      code: Code.UNAVAILABLE,
      verdict: 'not-applied',
    });
  }
}

/** Whether the channel leaves the state before the deadline. grpc-js's own timer would keep the process alive. */
function waitForStateChange(channel: Channel, state: connectivityState, deadline: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = systemClock.setTimer(deadline - performance.now(), () => resolve(false));
    channel.watchConnectivityState(state, Infinity, (error) => {
      cancel();
      resolve(error === undefined);
    });
  });
}

/** grpc-js tells why a connection failed only to a call, so one is started for the answer and taken back. */
function lastError(channel: Channel): Promise<string> {
  return new Promise((resolve) => {
    const call = channel.createCall('/', Infinity, null, null, undefined);
    const listener: Listener = {
      onReceiveMetadata() {},
      onReceiveMessage() {},
      onReceiveStatus: ({ details }) => resolve(details.replace(/ Resolution note: *$/, '')),
    };
    call.start(new Metadata(), listener);
    setImmediate(() => setImmediate(() => call.cancelWithStatus(status.CANCELLED, 'connection failed')));
  });
}
