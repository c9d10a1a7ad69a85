import type { Channel } from '@grpc/grpc-js';
import type { Clock } from '../async/index.js';
import { Code, EtcdError, toEtcdError } from '../errors/index.js';
import { malformedRequest } from './call.js';
import type { CallMetadata } from './call-metadata.js';
import { DuplexCall, type DuplexHandlers, type ReportableDuplex } from './duplex.js';
import type { Member } from './member.js';
import type { MemberPool } from './member-pool.js';
import type { Method } from './method.js';
import { memberFailureOf } from './retry-rule.js';
import type { StoreIdentity } from './store-identity.js';

export interface DuplexOptions {
  /** Asks the member to refuse or end the stream when it sees no leader, instead of falling silent. */
  readonly requireLeader: boolean;
}

/** A recovered member is given so long, jittered by as much again, before the streams that left it come back. */
const failBackDelayMs = 5_000;

export interface StreamPorts {
  readonly pool: MemberPool;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metadata: () => CallMetadata;
  readonly maxReceiveBytes: number;
  readonly store: StoreIdentity;
  /** See TransportHooks. */
  readonly beforeAnswer: () => void;
  /** Called when something is sent that is to be answered. */
  readonly onSend: () => void;
  /** Finds a connected member, however long that takes. */
  readonly connect: (signal: AbortSignal) => Promise<{ member: Member; channel: Channel }>;
}

interface TrackedStream {
  readonly member: () => Member | undefined;
  /** Of the token that it was opened with; undefined before. */
  readonly generation: () => number | undefined;
  /** Since when something that was sent is unanswered. */
  readonly unansweredSince: () => number | undefined;
  /** Ends the stream as if it had been lost: its user goes on where it was, on the member that is preferred now. */
  move(why: EtcdError): void;
  cancel(): void;
}

/** The open duplex streams, and on which members they are. */
export class StreamRegistry {
  readonly #ports: StreamPorts;
  readonly #open = new Set<TrackedStream>();
  #cancelFailBack: (() => void) | undefined;

  constructor(ports: StreamPorts) {
    this.#ports = ports;
  }

  /** Opens a stream on a connected member. Finding one has no deadline: cancel it. */
  open<Req, Res>(
    method: Method<Req, Res>,
    options: DuplexOptions,
    handlers: DuplexHandlers<Res>,
  ): ReportableDuplex<Req> {
    const { pool, store, clock, beforeAnswer, onSend } = this.#ports;
    const connecting = new AbortController();
    let member: Member | undefined;
    let generation: number | undefined;
    let unansweredSince: number | undefined;
    let moving = false;
    const tracked: TrackedStream = {
      member: () => member,
      generation: () => generation,
      unansweredSince: () => (member ? unansweredSince : undefined),
      cancel: () => {
        this.#open.delete(tracked);
        call.cancel();
        connecting.abort();
      },
      move: (why) => {
        moving = true;
        call.fail(why);
      },
    };
    const wrapped: DuplexHandlers<Res> = {
      // What runs before an answer may be the user's code, or end those who know another store: this very stream.
      message: (response) => {
        if (member) store.observe(response, member.endpoint);
        unansweredSince = undefined;
        beforeAnswer();
        return this.#open.has(tracked) ? handlers.message(response) : undefined;
      },
      end: (error) => {
        beforeAnswer();
        const failure = moving ? undefined : memberFailureOf(error, Number.POSITIVE_INFINITY);
        if (member && failure) pool.markUnhealthy(member, failure, error);
        const last = failure === 'not-etcd' ? (pool.noEtcdError() ?? error) : error;
        if (this.#open.delete(tracked)) handlers.end(last);
      },
    };
    const call = new DuplexCall<Req, Res>(method, wrapped, this.#ports.maxReceiveBytes);
    this.#open.add(tracked);
    this.#ports
      .connect(connecting.signal)
      .then(
        (connected) => {
          if (connecting.signal.aborted) return; // cancelled between its finding a member and this
          member = connected.member;
          const metadata = this.#ports.metadata();
          generation = metadata.generation;
          if (unansweredSince !== undefined) {
            unansweredSince = clock.now();
            onSend();
          }
          call.start(connected.channel, options.requireLeader ? metadata.requireLeader : metadata.plain);
          handlers.opened?.(connected.member);
        },
        (error) => call.end(toEtcdError(error)),
      )
      .catch((error) => call.end(malformedRequest(method, error)));
    return {
      send: (request) => {
        unansweredSince ??= clock.now();
        if (member) onSend();
        call.send(request);
      },
      dropQueued: (unwanted) => call.dropQueued(unwanted),
      cancel: tracked.cancel,
      cancelUnresponsive: () => {
        tracked.cancel();
        if (member) pool.markUnhealthy(member, 'silent');
      },
      reportUnresponsive: () => {
        if (member) pool.markUnhealthy(member, 'silent');
      },
    };
  }

  /** The preferred member is well again, or another one is preferred now: streams elsewhere go there, after a while. */
  failBack(): void {
    const { clock, random, pool } = this.#ports;
    this.#cancelFailBack?.();
    this.#cancelFailBack = clock.setTimer(failBackDelayMs * (1 + random()), () => {
      this.#cancelFailBack = undefined;
      if (!pool.preferredIsHealthy) return;
      for (const stream of [...this.#open]) {
        const member = stream.member();
        if (member && member !== pool.preferred) stream.move(failBackError(pool.preferred.endpoint));
      }
    });
  }

  /** Ends those that were opened with the token of that generation or an older one, as if they had been lost. */
  endStale(upTo: number): void {
    for (const stream of [...this.#open]) {
      const generation = stream.generation();
      if (generation !== undefined && generation <= upTo) stream.move(staleTokenError());
    }
  }

  /** The members that owe a stream an answer for longer than that; undefined when none is anyUnanswered. */
  overdueMembers(ms: number): readonly Member[] | undefined {
    const now = this.#ports.clock.now();
    let anyUnanswered = false;
    const members = new Set<Member>();
    for (const stream of this.#open) {
      const [since, member] = [stream.unansweredSince(), stream.member()];
      if (since === undefined || !member) continue;
      anyUnanswered = true;
      if (now - since >= ms) members.add(member);
    }
    return anyUnanswered ? [...members] : undefined;
  }

  close(): void {
    this.#cancelFailBack?.();
    for (const stream of [...this.#open]) stream.cancel();
  }
}

function staleTokenError(): EtcdError {
  return new EtcdError('the token of the stream is of a store that was replaced', {
    code: Code.UNAVAILABLE,
    verdict: 'maybe-applied',
  });
}

function failBackError(endpoint: string): EtcdError {
  return new EtcdError(`the stream goes back to member ${endpoint}`, {
    code: Code.UNAVAILABLE,
    verdict: 'maybe-applied',
  });
}
