import { type EtcdError, errorFromServer } from '#src/errors/index.js';
import type { VirtualClock } from '../clock.js';
import type { Random } from '../random.js';
import type { Cluster, Member } from './cluster.js';

/** What tells the client's process, which may not be listening. */
export interface Receiver {
  opened(stream: SimStream): void;
  answer(stream: SimStream, lease: bigint, ttlMs: number, tag: number): void;
  lost(stream: SimStream, error: EtcdError): void;
}

const unavailable = (text: string) => errorFromServer(14, text);
const pingMs = 15_000;

/** One stream as the network sees it: in order or dead. */
export class SimStream {
  readonly key: number;
  member: Member | undefined;
  tokenGeneration = 0;
  /** The client let go of it, or was told of its end. */
  over = false;
  /** It lost bytes: whatever comes is not delivered any more. */
  silent = false;
  /** So many more answers, and it is cut. */
  cutAfter = Number.POSITIVE_INFINITY;
  readonly early: { readonly lease: bigint; readonly tag: number }[] = [];
  upAt = 0;
  downAt = 0;
  /** A stream that etcd ended reads no further. */
  ended = false;
  readonly laneAt = new Map<bigint, number>();

  constructor(key: number) {
    this.key = key;
  }
}

/** TCP and the choice of a member: what the pool does, in short. */
export class Network {
  readonly streams = new Set<SimStream>();
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #cluster: Cluster;
  readonly #receiver: Receiver;
  readonly #connectMs: number;
  readonly #delayMs: number;
  #preferred = 0;

  constructor(clock: VirtualClock, random: Random, cluster: Cluster, receiver: Receiver, gentle: boolean) {
    this.#clock = clock;
    this.#random = random;
    this.#cluster = cluster;
    this.#receiver = receiver;
    this.#connectMs = gentle ? 1_000 : 4_000;
    this.#delayMs = gentle ? 20 : random.pick([1, 20, 200, 900]);
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
      stream.early.push({ lease, tag });
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

  die(stream: SimStream, error: EtcdError = unavailable('Connection dropped')): void {
    if (stream.over) return;
    this.close(stream);
    if (error.code === 14) this.avoid(stream.member);
    this.#receiver.lost(stream, error);
  }

  /** All streams of the member lose what is under way; the client learns by its pings. */
  darken(member: Member): void {
    member.dark = true;
    for (const stream of this.streams) {
      if (stream.member !== member || stream.silent) continue;
      stream.silent = true;
      this.#clock.after(pingMs, () => this.die(stream, unavailable('keepalive ping timed out')));
    }
  }

  /** An answer that nobody asked for. */
  stray(stream: SimStream, lease: bigint, ttlMs: number): void {
    this.#clock.after(1, () => {
      if (!stream.over && !stream.silent) this.#receiver.answer(stream, lease, ttlMs, 0);
    });
  }

  #connect(stream: SimStream, tokenGeneration: () => number): void {
    if (stream.over) return;
    const member = this.preferred;
    const open = () => {
      if (stream.over) return;
      if (member.dark || !member.up) {
        this.avoid(member);
        this.#connect(stream, tokenGeneration);
        return;
      }
      stream.member = member;
      stream.tokenGeneration = tokenGeneration();
      this.#receiver.opened(stream);
      for (const { lease, tag } of stream.early.splice(0)) this.send(stream, lease, tag);
    };
    if (!member.up) this.#clock.after(5 + this.#random.between(0, 50), open);
    else if (member.dark) this.#clock.after(this.#connectMs, open);
    else this.#at(this.#arrival(member, 0), open);
  }

  #arrive(stream: SimStream, lease: bigint, tag: number): void {
    const { member } = stream;
    if (!member || stream.silent || stream.ended) return;
    // A request that left before the stream was closed is carried out all the same, now and then.
    if (stream.over && this.#random.chance(0.5)) return;
    const verdict = this.#cluster.renew(lease, member, stream.tokenGeneration);
    const slow = member.slowMs + (this.#cluster.members[this.#cluster.leader] === member ? 0 : 2);
    if (verdict.type === 'error') {
      stream.ended = true;
      const at = Math.max(this.#arrival(member, stream.downAt), ...stream.laneAt.values());
      stream.downAt = at;
      this.#at(at, () => {
        if (!stream.silent) this.die(stream, errorFromServer(verdict.code, verdict.text));
      });
      return;
    }
    let at: number;
    if (this.#cluster.reorders) {
      at = this.#arrival(member, stream.laneAt.get(lease) ?? 0) + slow + this.#random.between(0, 100);
      stream.laneAt.set(lease, at);
    } else {
      at = Math.max(stream.downAt, this.#arrival(member, stream.downAt) + slow);
      stream.downAt = at;
    }
    this.#at(at, () => {
      if (stream.over || stream.silent) return;
      if (stream.cutAfter-- <= 0) this.die(stream);
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
