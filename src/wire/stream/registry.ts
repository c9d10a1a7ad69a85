import { inRootContext } from '../../async/index.js';
import { Code, EtcdError } from '../../errors/index.js';
import type { Member } from '../member/member.js';
import type { StreamMethod } from '../method.js';
import type { DuplexHandlers, ReportableDuplex } from './duplex.js';
import { MemberStream, type MemberStreamPorts, type OpenStream } from './member-stream.js';

/** The options of one duplex stream. */
export interface DuplexOptions {
  /** Makes the member refuse or end the stream if it has no leader, instead of staying silent. */
  readonly requireLeader: boolean;
}

/** The delay before streams fail back to a recovered member. Jitter adds up to the same time. */
const failBackDelayMs = 5_000;

/** What the registry needs from its owner. */
export type StreamPorts = MemberStreamPorts & { readonly random: () => number };

/** The open duplex streams and their members. */
export class StreamRegistry {
  readonly #ports: StreamPorts;
  readonly #open = new Set<OpenStream>();
  #cancelFailBack: (() => void) | undefined;

  constructor(ports: StreamPorts) {
    this.#ports = ports;
  }

  /**
   * Opens a stream on a connected member. The wait for a member has no time limit; `cancel()` ends it. A stream serves
   * many callers, so its handlers run in the context of none.
   */
  open<Req, Res>(
    method: StreamMethod<Req, Res>,
    options: DuplexOptions,
    handlers: DuplexHandlers<Res>,
  ): ReportableDuplex<Req> {
    const stream = new MemberStream(this.#ports, this.#open, method, handlers);
    inRootContext(() => stream.start(options.requireLeader));
    return stream;
  }

  /** Moves streams on other members to the preferred member after a delay, if it is still healthy then. */
  failBack(): void {
    const { clock, random, pool } = this.#ports;
    this.#cancelFailBack?.();
    this.#cancelFailBack = clock.setTimer(failBackDelayMs * (1 + random()), () => {
      this.#cancelFailBack = undefined;
      if (!pool.preferredIsHealthy) return;
      for (const stream of [...this.#open]) {
        const { member } = stream;
        if (member && member !== pool.preferred) stream.move(failBackError(pool.preferred.endpoint));
      }
    });
  }

  /** Ends the streams that were opened with the token of that generation or an older one, as if they had been lost. */
  endStale(upTo: number): void {
    for (const stream of [...this.#open]) {
      const { generation } = stream;
      if (generation !== undefined && generation <= upTo) stream.move(staleTokenError());
    }
  }

  /** The members that have left a stream unanswered for `ms` milliseconds; undefined if every request is answered. */
  overdueMembers(ms: number): readonly Member[] | undefined {
    const now = this.#ports.clock.now();
    let anyUnanswered = false;
    const members = new Set<Member>();
    for (const stream of this.#open) {
      const { unansweredSince: since, member } = stream;
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
