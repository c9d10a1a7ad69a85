import { type EtcdError, errorFromServer } from '#src/errors/index.js';
import type { VirtualClock } from '../clock.js';
import type { Random } from '../random.js';
import type { Cluster, Member } from './cluster.js';

/** Passes messages to the client process, which may be paused. */
export interface StreamReceiver {
  opened(stream: SimStream): void;
  answer(stream: SimStream, lease: bigint, ttlMs: number, tag: number): void;
  lost(stream: SimStream, error: EtcdError): void;
}

const unavailable = (text: string) => errorFromServer(14, text);
const pingMs = 15_000;

/** One stream: delivers in order, or fails. */
export class SimStream {
  readonly key: number;
  member: Member | undefined;
  tokenGeneration = 0;
  /** The client closed it, or was notified of its end. */
  over = false;
  /** It lost bytes, so nothing further is delivered. */
  silent = false;
  /** Fails after this many more answers. */
  cutAfter = Number.POSITIVE_INFINITY;
  readonly queued: { readonly lease: bigint; readonly tag: number }[] = [];
  upAt = 0;
  downAt = 0;
  /** etcd ended the stream and reads no further requests. */
  ended = false;
  readonly lastAnswerAt = new Map<bigint, number>();

  constructor(key: number) {
    this.key = key;
  }
}

/** TCP and the choice of a member: a short model of the pool. */
export class Network {
  readonly streams = new Set<SimStream>();
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #cluster: Cluster;
  readonly #receiver: StreamReceiver;
  readonly #connectMs: number;
  readonly #delayMs: number;
  #preferred = 0;

  constructor(
    clock: VirtualClock,
    random: Random,
    cluster: Cluster,
    receiver: StreamReceiver,
    survivable: boolean,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#cluster = cluster;
    this.#receiver = receiver;
    this.#connectMs = survivable ? 1_000 : 4_000;
    this.#delayMs = survivable ? 20 : random.pick([1, 20, 200, 900]);
  }

  get preferred(): Member {
    return this.#cluster.members[this.#preferred] as Member;
  }

  open(key: number, tokenGeneration: () => number): SimStream {
    const stream = new SimStream(key);
    this.streams.add(stream);
    this.#connect(stream, tokenGeneration);
    return stream;
  }

  send(stream: SimStream, lease: bigint, tag: number): void {
    if (!stream.member) {
      stream.queued.push({ lease, tag });
      return;
    }
    const at = this.#arrival(stream.member, stream.upAt);
    stream.upAt = at;
    this.#at(at, () => this.#arrive(stream, lease, tag));
  }

  close(stream: SimStream): void {
    stream.over = true;
    this.streams.delete(stream);
  }

  avoid(member: Member | undefined): void {
    if (member === this.preferred) this.#preferred = (this.#preferred + 1) % this.#cluster.members.length;
  }

  fail(stream: SimStream, error: EtcdError = unavailable('Connection dropped')): void {
    if (stream.over) return;
    this.close(stream);
    if (error.code === 14) this.avoid(stream.member);
    this.#receiver.lost(stream, error);
  }

  /** Every stream of the member loses its data; the client detects it by keepalive pings. */
  blackhole(member: Member): void {
    member.isBlackholed = true;
    for (const stream of this.streams) {
      if (stream.member !== member || stream.silent) continue;
      stream.silent = true;
      this.#clock.after(pingMs, () => this.fail(stream, unavailable('keepalive ping timed out')));
    }
  }

  /** Sends an answer without a request. */
  answerUnrequested(stream: SimStream, lease: bigint, ttlMs: number): void {
    this.#clock.after(1, () => {
      if (!stream.over && !stream.silent) this.#receiver.answer(stream, lease, ttlMs, 0);
    });
  }

  #connect(stream: SimStream, tokenGeneration: () => number): void {
    if (stream.over) return;
    const member = this.preferred;
    const open = () => {
      if (stream.over) return;
      if (member.isBlackholed || !member.up) {
        this.avoid(member);
        this.#connect(stream, tokenGeneration);
        return;
      }
      stream.member = member;
      stream.tokenGeneration = tokenGeneration();
      this.#receiver.opened(stream);
      for (const { lease, tag } of stream.queued.splice(0)) this.send(stream, lease, tag);
    };
    if (!member.up) this.#clock.after(5 + this.#random.between(0, 50), open);
    else if (member.isBlackholed) this.#clock.after(this.#connectMs, open);
    else this.#at(this.#arrival(member, 0), open);
  }

  #arrive(stream: SimStream, lease: bigint, tag: number): void {
    const { member } = stream;
    if (!member || stream.silent || stream.ended) return;
    // A request that was sent before the close may still be executed.
    if (stream.over && this.#random.chance(0.5)) return;
    const verdict = this.#cluster.renew(lease, member, stream.tokenGeneration);
    const slow = member.slowMs + (this.#cluster.members[this.#cluster.leader] === member ? 0 : 2);
    if (verdict.type === 'error') {
      stream.ended = true;
      const at = Math.max(this.#arrival(member, stream.downAt), ...stream.lastAnswerAt.values());
      stream.downAt = at;
      this.#at(at, () => {
        if (!stream.silent) this.fail(stream, errorFromServer(verdict.code, verdict.text));
      });
      return;
    }
    let at: number;
    if (this.#cluster.reorders) {
      at = this.#arrival(member, stream.lastAnswerAt.get(lease) ?? 0) + slow + this.#random.between(0, 100);
      stream.lastAnswerAt.set(lease, at);
    } else {
      at = Math.max(stream.downAt, this.#arrival(member, stream.downAt) + slow);
      stream.downAt = at;
    }
    this.#at(at, () => {
      if (stream.over || stream.silent) return;
      if (stream.cutAfter-- <= 0) this.fail(stream);
      else this.#receiver.answer(stream, lease, verdict.ttlMs, tag);
    });
  }

  #arrival(member: Member, notBefore: number): number {
    const { now } = this.#clock;
    return Math.max(now + 1 + this.#random.between(0, this.#delayMs), notBefore, member.stalledUntil);
  }

  #at(at: number, run: () => void): void {
    this.#clock.after(at - this.#clock.now, run);
  }
}
