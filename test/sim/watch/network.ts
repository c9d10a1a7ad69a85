import { Code, type EtcdError, errorFromServer } from '#src/errors/index.js';
import type { VirtualClock } from '../clock.js';
import type { Random } from '../random.js';
import type { Member } from './member.js';
import { type Message, type Request, ServerStream, type StreamHost } from './server-stream.js';
import type { Spec, Store } from './store.js';

export interface Token {
  readonly generation: number;
  expiresAt: number;
}

export interface StreamHandlers {
  opened(member: Member): void;
  message(message: Message): void;
  end(error: EtcdError): void;
}

/** Points of the protocol at which a fault may be triggered; each trap fires once. */
export type Trap =
  | 'created'
  | 'fragment'
  | 'cancel'
  | 'refresh'
  | 'pin'
  | 'repin'
  | 'lost'
  | 'progress'
  | 'check';

/** Faults beyond single streams and members. */
export interface Conditions {
  /** If set: each watcher is cancelled right after its creation, with this transient reason. */
  cancelOnCreate: string | undefined;
  /** Each stream fails right after its first answer. */
  dieOnCreate: boolean;
  readsFail: boolean;
  refreshFails: boolean;
  /** Every token is rejected, even a new one. */
  tokensRefused: boolean;
  /** Undefined without authentication. */
  token: Token | undefined;
}

export interface NetworkOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly store: Store;
  readonly members: readonly Member[];
  /** See StreamHost, as for `maxEvents`. */
  readonly fragmentEvents: number;
  readonly maxEvents: number;
  readonly idReused: (watchId: bigint) => void;
  readonly lost: (spec: Spec, revision: number) => void;
}

/** HTTP/2 keepalive with its default: a dead peer is detected after this time. */
const keepaliveMs = 15_000;

/** The network between the client and the members, with its faults. */
export class Network {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly store: Store;
  readonly members: readonly Member[];
  readonly streams = new Set<SimStream>();
  readonly conditions: Conditions = {
    cancelOnCreate: undefined,
    dieOnCreate: false,
    readsFail: false,
    refreshFails: false,
    tokensRefused: false,
    token: undefined,
  };
  readonly fragmentEvents: number;
  readonly maxEvents: number;
  readonly idReused: (watchId: bigint) => void;
  readonly lost: (spec: Spec, revision: number) => void;
  readonly #traps = new Map<Trap, (stream: SimStream | undefined) => void>();
  #avoid: Member | undefined;

  constructor({ clock, random, store, members, fragmentEvents, maxEvents, idReused, lost }: NetworkOptions) {
    this.clock = clock;
    this.random = random;
    this.store = store;
    this.members = members;
    this.fragmentEvents = fragmentEvents;
    this.maxEvents = maxEvents;
    this.idReused = idReused;
    this.lost = lost;
  }

  open(handlers: StreamHandlers): SimStream {
    const candidates = this.members.filter((member) => member !== this.#avoid);
    const stream = new SimStream(this, this.random.pick(candidates), handlers);
    this.streams.add(stream);
    return stream;
  }

  /** The next stream uses another member. */
  avoid(member: Member): void {
    this.#avoid = member;
  }

  setTrap(point: Trap, fire: (stream: SimStream | undefined) => void): void {
    this.#traps.set(point, fire);
  }

  clearTraps(): void {
    this.#traps.clear();
  }

  reached(trap: Trap, stream?: SimStream): void {
    const fire = this.#traps.get(trap);
    if (!fire) return;
    this.#traps.delete(trap);
    fire(stream);
  }

  refusal(token: Token | undefined, spec: Spec): string | undefined {
    const { conditions, random } = this;
    const format = (go: string, text: string) =>
      random.chance(0.5) ? text : `rpc error: code = ${go} desc = ${text}`;
    if (conditions.token) {
      const valid = token && token.expiresAt > this.clock.now && !conditions.tokensRefused;
      if (!valid) return format('Unauthenticated', 'etcdserver: invalid auth token');
    }
    return spec.forbidden ? format('PermissionDenied', 'etcdserver: permission denied') : undefined;
  }
}

/** One gRPC stream: delivers in order, or fails. */
export class SimStream implements StreamHost {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly store: Store;
  readonly fragmentEvents: number;
  readonly maxEvents: number;
  readonly member: Member;
  readonly #network: Network;
  readonly #handlers: StreamHandlers;
  readonly #token: Token | undefined;
  readonly #queued: Request[] = [];
  readonly #delayed: (() => void)[] = [];
  server: ServerStream | undefined;
  over = false;
  /** Fails after this many more messages. */
  cutAfter = Number.POSITIVE_INFINITY;
  #isBlackholed = false;
  #wasBlackholed = false;
  #upAt = 0;
  #downAt = 0;

  constructor(network: Network, member: Member, handlers: StreamHandlers) {
    this.clock = network.clock;
    this.random = network.random;
    this.store = network.store;
    this.fragmentEvents = network.fragmentEvents;
    this.maxEvents = network.maxEvents;
    this.member = member;
    this.#network = network;
    this.#handlers = handlers;
    this.#token = network.conditions.token && { ...network.conditions.token };
    this.clock.after(this.random.between(1, 8), () => this.#connect());
  }

  /** Whether every request on it is answered: no fault has stopped or delayed its messages. */
  get works(): boolean {
    return this.server !== undefined && !this.server.stuck && !this.server.silent && !this.#wasBlackholed;
  }

  // Client side.

  write(request: Request): void {
    if (this.over) return;
    if (!this.server) {
      this.#queued.push(request);
      return;
    }
    this.#upAt = Math.max(this.#upAt, this.clock.now + this.random.between(0, 6));
    this.clock.after(this.#upAt - this.clock.now, () => this.#arrive(() => this.server?.request(request)));
  }

  cancel(): void {
    if (this.over) return;
    this.over = true;
    this.#network.streams.delete(this);
    const { server } = this;
    // Delayed data is dropped; the reset arrives eventually.
    if (server) this.clock.after(this.random.between(0, 20), () => server.close());
  }

  // Failures.

  fail(error: EtcdError = errorFromServer(Code.UNAVAILABLE, 'Connection dropped'), serverMs = 5): void {
    if (this.over) return;
    this.over = true;
    this.#network.streams.delete(this);
    const { server } = this;
    if (server) this.clock.after(serverMs, () => server.close());
    this.#network.avoid(this.member);
    this.#handlers.end(error);
    this.#network.reached('lost', this);
  }

  /** Fails as for a message above the client's receive limit. */
  failOversized(): void {
    this.fail(errorFromServer(Code.RESOURCE_EXHAUSTED, 'Received message larger than max (9 vs. 4)'));
  }

  /** Delays all data for a while; past the keepalive time the stream fails. */
  blackhole(ms: number): void {
    this.#isBlackholed = true;
    this.#wasBlackholed = true;
    this.clock.after(Math.min(ms, keepaliveMs), () => {
      this.#isBlackholed = false;
      if (ms >= keepaliveMs) this.fail(errorFromServer(Code.UNAVAILABLE, 'keepalive timed out'), 5_000);
      for (const pass of this.#delayed.splice(0)) if (!this.over) pass();
    });
  }

  // Server side.

  refusal(_: ServerStream, spec: Spec): string | undefined {
    return this.#network.refusal(this.#token, spec);
  }

  cancelOnCreate(): string | undefined {
    return this.#network.conditions.cancelOnCreate;
  }

  lost(spec: Spec, revision: number): void {
    this.#network.lost(spec, revision);
  }

  idReused(watchId: bigint): void {
    this.#network.idReused(watchId);
  }

  send(message: Message): void {
    this.#downAt = Math.max(this.#downAt, this.clock.now + this.random.between(0, 6));
    this.clock.after(this.#downAt - this.clock.now, () => this.#arrive(() => this.#deliver(message)));
    // Fragments are large, so each takes time.
    const { reply } = message;
    if (reply.kind === 'events' && reply.fragment) this.#downAt += this.random.between(0, 120);
  }

  #connect(): void {
    if (this.over) return;
    if (!this.member.up) {
      this.fail(errorFromServer(Code.UNAVAILABLE, 'No connection established: connect ECONNREFUSED'));
    } else if (this.member.leaderless) {
      this.fail(errorFromServer(Code.UNAVAILABLE, 'etcdserver: no leader'));
    } else {
      this.server = new ServerStream(this.member, this);
      this.#handlers.opened(this.member);
      for (const request of this.#queued.splice(0)) this.write(request);
    }
  }

  #arrive(pass: () => void): void {
    if (this.over) return;
    if (this.#isBlackholed) this.#delayed.push(pass);
    else pass();
  }

  #deliver(message: Message): void {
    if (this.over) return;
    const { reply } = message;
    if (reply.kind === 'events' && reply.events.length > this.maxEvents) {
      this.failOversized();
      return;
    }
    this.#handlers.message(message);
    if (reply.kind === 'created') {
      this.#network.reached('created', this);
      if (this.#network.conditions.dieOnCreate) this.fail();
    }
    if (reply.kind === 'events' && reply.fragment) this.#network.reached('fragment', this);
    if (--this.cutAfter <= 0) this.fail();
  }
}
