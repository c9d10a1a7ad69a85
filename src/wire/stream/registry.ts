import type { Channel } from '@grpc/grpc-js';
import type { Clock } from '../../async/index.js';
import { Code, EtcdError, toEtcdError } from '../../errors/index.js';
import { malformedRequest } from '../call/call.js';
import type { CallMetadata } from '../call/metadata.js';
import { memberFailureOf } from '../call/retry-rule.js';
import type { Member } from '../member/member.js';
import type { MemberPool } from '../member/pool.js';
import type { StoreIdentity } from '../member/store-identity.js';
import type { Method } from '../method.js';
import { DuplexCall, type DuplexHandlers, type ReportableDuplex } from './duplex.js';

/** The options of one duplex stream. */
export interface DuplexOptions {
  /** Makes the member refuse or end the stream if it has no leader, instead of staying silent. */
  readonly requireLeader: boolean;
}

/** The delay before streams fail back to a recovered member. Jitter adds up to the same time. */
const failBackDelayMs = 5_000;

/** What the registry needs from its owner. */
export interface StreamPorts {
  readonly pool: MemberPool;
  readonly clock: Clock;
  readonly random: () => number;
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

interface TrackedStream {
  readonly member: () => Member | undefined;
  /** The generation of the token with which the stream was opened; undefined before. */
  readonly generation: () => number | undefined;
  /** The time of the first unanswered request; undefined if every request is answered or the stream is not open yet. */
  readonly unansweredSince: () => number | undefined;
  /** Ends the stream as if it had been lost, so that its owner reopens it on the preferred member. */
  move(why: EtcdError): void;
  cancel(): void;
}

/** The open duplex streams and their members. */
export class StreamRegistry {
  readonly #ports: StreamPorts;
  readonly #open = new Set<TrackedStream>();
  #cancelFailBack: (() => void) | undefined;

  constructor(ports: StreamPorts) {
    this.#ports = ports;
  }

  /** Opens a stream on a connected member. The wait for a member has no time limit; `cancel()` ends it. */
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
      // The callbacks before an answer may run the user's code, or close this stream because the store was replaced.
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
          if (connecting.signal.aborted) return; // cancelled after the member was found
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

  /** Moves streams on other members to the preferred member after a delay, if it is still healthy then. */
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

  /** Ends the streams that were opened with the token of that generation or an older one, as if they had been lost. */
  endStale(upTo: number): void {
    for (const stream of [...this.#open]) {
      const generation = stream.generation();
      if (generation !== undefined && generation <= upTo) stream.move(staleTokenError());
    }
  }

  /** The members that have left a stream unanswered for `ms` milliseconds; undefined if every request is answered. */
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
  return new EtcdError("the stream's token belongs to a store that was replaced", {
    code: Code.UNAVAILABLE,
    verdict: 'maybe-applied',
  });
}

function failBackError(endpoint: string): EtcdError {
  return new EtcdError(`the stream moves back to member ${endpoint}`, {
    code: Code.UNAVAILABLE,
    verdict: 'maybe-applied',
  });
}
