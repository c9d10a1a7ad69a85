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

/** Moments at which a fault may lie in wait; each fires once. */
export type Trap = 'created' | 'fragment' | 'cancel' | 'refresh' | 'pin' | 'lost' | 'ask' | 'check';

/** What is wrong at present, beyond single streams and members. */
export interface Weather {
  /** With a passing reason, each watcher is let go again right after it was created. */
  cancelOnCreate: string | undefined;
  /** Each stream dies right after its first answer. */
  dieOnCreate: boolean;
  readsFail: boolean;
  refreshFails: boolean;
  /** No token is taken, however fresh. */
  tokensRefused: boolean;
  /** Undefined without authentication. */
  token: Token | undefined;
}

export interface NetworkOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly store: Store;
  readonly members: readonly Member[];
  readonly fragmentEvents: number;
  readonly idReused: (watchId: bigint) => void;
  readonly lost: (spec: Spec, revision: number) => void;
}

/** HTTP/2 keepalive at its defaults: a peer that is gone is given up after so long. */
const keepaliveMs = 15_000;

/** The way between the client and the members, and the faults that are made there. */
export class Network {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly store: Store;
  readonly members: readonly Member[];
  readonly streams = new Set<SimStream>();
  readonly weather: Weather = {
    cancelOnCreate: undefined,
    dieOnCreate: false,
    readsFail: false,
    refreshFails: false,
    tokensRefused: false,
    token: undefined,
  };
  readonly fragmentEvents: number;
  readonly idReused: (watchId: bigint) => void;
  readonly lost: (spec: Spec, revision: number) => void;
  readonly #traps = new Map<Trap, (stream: SimStream | undefined) => void>();
  #avoid: Member | undefined;

  constructor({ clock, random, store, members, fragmentEvents, idReused, lost }: NetworkOptions) {
    this.clock = clock;
    this.random = random;
    this.store = store;
    this.members = members;
    this.fragmentEvents = fragmentEvents;
    this.idReused = idReused;
    this.lost = lost;
  }

  open(handlers: StreamHandlers): SimStream {
    const willing = this.members.filter((member) => member !== this.#avoid);
    const stream = new SimStream(this, this.random.pick(willing), handlers);
    this.streams.add(stream);
    return stream;
  }

  /** The next stream goes elsewhere. */
  avoid(member: Member): void {
    this.#avoid = member;
  }

  lay(trap: Trap, spring: (stream: SimStream | undefined) => void): void {
    this.#traps.set(trap, spring);
  }

  clearTraps(): void {
    this.#traps.clear();
  }

  step(trap: Trap, stream?: SimStream): void {
    const spring = this.#traps.get(trap);
    if (!spring) return;
    this.#traps.delete(trap);
    spring(stream);
  }

  refusal(token: Token | undefined, spec: Spec): string | undefined {
    const { weather, random } = this;
    const spell = (go: string, text: string) =>
      random.chance(0.5) ? text : `rpc error: code = ${go} desc = ${text}`;
    if (weather.token) {
      const valid = token && token.expiresAt > this.clock.now && !weather.tokensRefused;
      if (!valid) return spell('Unauthenticated', 'etcdserver: invalid auth token');
    }
    return spec.forbidden ? spell('PermissionDenied', 'etcdserver: permission denied') : undefined;
  }
}

/** One gRPC stream: in order or dead. */
export class SimStream implements StreamHost {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly store: Store;
  readonly fragmentEvents: number;
  readonly member: Member;
  readonly #network: Network;
  readonly #handlers: StreamHandlers;
  readonly #token: Token | undefined;
  readonly #early: Request[] = [];
  readonly #held: (() => void)[] = [];
  server: ServerStream | undefined;
  over = false;
  /** Dies when so many more messages have come. */
  cutAfter = Number.POSITIVE_INFINITY;
  #holding = false;
  #upAt = 0;
  #downAt = 0;

  constructor(network: Network, member: Member, handlers: StreamHandlers) {
    this.clock = network.clock;
    this.random = network.random;
    this.store = network.store;
    this.fragmentEvents = network.fragmentEvents;
    this.member = member;
    this.#network = network;
    this.#handlers = handlers;
    this.#token = network.weather.token && { ...network.weather.token };
    this.clock.after(this.random.between(1, 8), () => this.#connect());
  }

  // The client's end.

  write(request: Request): void {
    if (this.over) return;
    if (!this.server) {
      this.#early.push(request);
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
    // What is held back reaches nobody; the reset does, sooner or later.
    if (server) this.clock.after(this.random.between(0, 20), () => server.close());
  }

  // What becomes of it.

  die(error: EtcdError = errorFromServer(Code.UNAVAILABLE, 'Connection dropped'), serverMs = 5): void {
    if (this.over) return;
    this.over = true;
    this.#network.streams.delete(this);
    const { server } = this;
    if (server) this.clock.after(serverMs, () => server.close());
    this.#network.avoid(this.member);
    this.#handlers.end(error);
    this.#network.step('lost', this);
  }

  /** Nothing passes for a while; past the keepalive it is dead. */
  blackhole(ms: number): void {
    this.#holding = true;
    this.clock.after(Math.min(ms, keepaliveMs), () => {
      this.#holding = false;
      if (ms >= keepaliveMs) this.die(errorFromServer(Code.UNAVAILABLE, 'keepalive timed out'), 5_000);
      for (const pass of this.#held.splice(0)) if (!this.over) pass();
    });
  }

  // The server's end.

  refusal(_: ServerStream, spec: Spec): string | undefined {
    return this.#network.refusal(this.#token, spec);
  }

  cancelOnCreate(): string | undefined {
    return this.#network.weather.cancelOnCreate;
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
    // Pieces are cut because they are large: the next one takes its time.
    const { reply } = message;
    if (reply.kind === 'events' && reply.fragment) this.#downAt += this.random.between(0, 120);
  }

  #connect(): void {
    if (this.over) return;
    if (!this.member.up) {
      this.die(errorFromServer(Code.UNAVAILABLE, 'No connection established: connect ECONNREFUSED'));
    } else if (this.member.leaderless) {
      this.die(errorFromServer(Code.UNAVAILABLE, 'etcdserver: no leader'));
    } else {
      this.server = new ServerStream(this.member, this);
      this.#handlers.opened(this.member);
      for (const request of this.#early.splice(0)) this.write(request);
    }
  }

  #arrive(pass: () => void): void {
    if (this.over) return;
    if (this.#holding) this.#held.push(pass);
    else pass();
  }

  #deliver(message: Message): void {
    if (this.over) return;
    this.#handlers.message(message);
    const { reply } = message;
    if (reply.kind === 'created') {
      this.#network.step('created', this);
      if (this.#network.weather.dieOnCreate) this.die();
    }
    if (reply.kind === 'events' && reply.fragment) this.#network.step('fragment', this);
    if (--this.cutAfter <= 0) this.die();
  }
}
