import type { Channel } from '@grpc/grpc-js';
import type { Clock } from '../../async/index.js';
import { type EtcdError, toEtcdError } from '../../errors/index.js';
import { malformedRequest } from '../call/call.js';
import type { CallMetadata } from '../call/metadata.js';
import { memberFailureOf } from '../call/retry-rule.js';
import type { Member } from '../member/member.js';
import type { MemberPool } from '../member/pool.js';
import type { StoreIdentity } from '../member/store-identity.js';
import type { StreamMethod } from '../method.js';
import { DuplexCall, type DuplexHandlers, type ReportableDuplex } from './duplex.js';

/** What a stream needs from its owner. */
export interface MemberStreamPorts {
  readonly pool: MemberPool;
  readonly clock: Clock;
  readonly metadata: () => CallMetadata;
  readonly maxReceiveBytes: number;
  readonly store: StoreIdentity;
  /** See TransportHooks. */
  readonly beforeAnswer: () => void;
  /** Called when a request is sent. */
  readonly onSend: () => void;
  /** Waits for a connected member, without a time limit. */
  readonly connect: (signal: AbortSignal) => Promise<{ member: Member; channel: Channel }>;
}

/** A stream as the registry sees it. */
export interface OpenStream {
  /** Undefined before the stream has a member. */
  readonly member: Member | undefined;
  /** The generation of the token with which the stream was opened; undefined before. */
  readonly generation: number | undefined;
  /** The time of the first unanswered request; undefined if every request is answered or the stream is not open yet. */
  readonly unansweredSince: number | undefined;
  /** Ends the stream as if it had been lost, so that its owner reopens it on the preferred member. */
  move(why: EtcdError): void;
  cancel(): void;
}

/** A duplex stream that waits for a member, and reports what its answers show about that member and the store. */
export class MemberStream<Req, Res> implements OpenStream, ReportableDuplex<Req> {
  readonly #ports: MemberStreamPorts;
  readonly #open: Set<OpenStream>;
  readonly #method: StreamMethod<Req, Res>;
  readonly #handlers: DuplexHandlers<Res>;
  readonly #call: DuplexCall<Req, Res>;
  readonly #connecting = new AbortController();
  #member: Member | undefined;
  #generation: number | undefined;
  #unansweredSince: number | undefined;
  #isMoving = false;

  /** @param open The open streams; this one is among them until it ends. */
  constructor(
    ports: MemberStreamPorts,
    open: Set<OpenStream>,
    method: StreamMethod<Req, Res>,
    handlers: DuplexHandlers<Res>,
  ) {
    this.#ports = ports;
    this.#open = open;
    this.#method = method;
    this.#handlers = handlers;
    const wrapped: DuplexHandlers<Res> = {
      message: (response, bytes) => this.#onMessage(response, bytes),
      end: (error) => this.#onEnd(error),
    };
    this.#call = new DuplexCall<Req, Res>(method, wrapped, ports.maxReceiveBytes);
    open.add(this);
  }

  get member(): Member | undefined {
    return this.#member;
  }

  get generation(): number | undefined {
    return this.#generation;
  }

  get unansweredSince(): number | undefined {
    return this.#member ? this.#unansweredSince : undefined;
  }

  /** Waits for a member, and opens the stream on it. */
  start(requireLeader: boolean): void {
    const { signal } = this.#connecting;
    this.#ports
      .connect(signal)
      .then(
        ({ member, channel }) => {
          if (!signal.aborted) this.#startOn(member, channel, requireLeader); // else cancelled after it was found
        },
        (error) => this.#call.end(toEtcdError(error)),
      )
      .catch((error) => this.#call.end(malformedRequest(this.#method, error)));
  }

  send(request: Req): void {
    const { clock, onSend } = this.#ports;
    this.#unansweredSince ??= clock.now();
    if (this.#member) onSend();
    this.#call.send(request);
  }

  dropQueued(unwanted: (request: Req) => boolean): void {
    this.#call.dropQueued(unwanted);
  }

  move(why: EtcdError): void {
    this.#isMoving = true;
    this.#call.fail(why);
  }

  cancel(): void {
    this.#open.delete(this);
    this.#call.cancel();
    this.#connecting.abort();
  }

  cancelUnresponsive(): void {
    this.cancel();
    this.reportUnresponsive();
  }

  reportUnresponsive(): void {
    if (this.#member) this.#ports.pool.markUnhealthy(this.#member, 'silent');
  }

  #startOn(member: Member, channel: Channel, requireLeader: boolean): void {
    const { metadata: current, clock, onSend } = this.#ports;
    this.#member = member;
    const metadata = current();
    this.#generation = metadata.generation;
    if (this.#unansweredSince !== undefined) {
      this.#unansweredSince = clock.now();
      onSend();
    }
    this.#call.start(channel, requireLeader ? metadata.requireLeader : metadata.plain);
    this.#handlers.opened?.(member);
  }

  /** The callbacks before an answer may run the user's code, or close this stream because the store was replaced. */
  #onMessage(response: Res, bytes: number | undefined): unknown {
    const { store, beforeAnswer } = this.#ports;
    if (this.#member) store.observe(response, this.#member.endpoint);
    this.#unansweredSince = undefined;
    beforeAnswer();
    return this.#open.has(this) ? this.#handlers.message(response, bytes) : undefined;
  }

  #onEnd(error: EtcdError): void {
    const { pool, beforeAnswer } = this.#ports;
    beforeAnswer();
    const failure = this.#isMoving ? undefined : memberFailureOf(error, Number.POSITIVE_INFINITY);
    if (this.#member && failure) pool.markUnhealthy(this.#member, failure, error);
    const last = failure === 'not-etcd' ? (pool.noEtcdError() ?? error) : error;
    if (this.#open.delete(this)) this.#handlers.end(last);
  }
}
