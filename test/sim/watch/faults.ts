import { Code, errorFromServer } from '#src/errors/index.js';
import type { Member } from './member.js';
import type { SimStream, Trap } from './network.js';
import type { FaultKind } from './schedule.js';
import type { World } from './world.js';

/** What `World.watch` takes for: all there is, from the oldest revision on, with a brisk reader. */
const fromTheBeginning = 19;
const passing = ['etcdserver: no leader', 'rpc error: code = Unavailable desc = etcdserver: leader changed'];

/** What goes wrong in a world: made at once, or laid as a trap for a moment of the protocol. */
export class Faults {
  /** All of them are over: none is to be ended any more. */
  calm = false;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  do(kind: FaultKind, a: number, b: number): void {
    const streams = [...this.#world.network.streams];
    const stream = streams[a % Math.max(1, streams.length)];
    const member = this.#world.members[a % this.#world.members.length] as Member;
    const ms = b % 4 === 0 ? b % 25_000 : b % 2_000;
    const { weather } = this.#world.network;
    switch (kind) {
      case 'cut':
        this.#hitStream(kind, stream);
        stream?.die();
        return;
      case 'cut-later':
        this.#hitStream(kind, stream);
        if (stream) stream.cutAfter = 1 + (b % 4);
        return;
      case 'blackhole':
        this.#hitStream(kind, stream);
        stream?.blackhole(ms);
        return;
      case 'stuck':
        this.#hitStream(kind, stream);
        if (stream?.server) stream.server.stuck = true;
        return;
      case 'oversized':
        this.#hitStream(kind, stream);
        stream?.die(errorFromServer(Code.RESOURCE_EXHAUSTED, 'Received message larger than max (9 vs. 4)'));
        return;
      case 'cancel-live':
        if (stream?.server?.cancelOne(b, passing[b % 2] as string)) this.#hitStream(kind, stream);
        return;
      case 'resend':
        if (!stream?.server || !member.profile.resends || !stream.member.profile.resends) return;
        this.#hitStream(kind, stream);
        stream.server.resend(1 + (b % 12));
        return;
      case 'lie':
        if (stream?.server?.lie(b)) this.#hitStream(kind, stream);
        return;
      case 'down':
        this.#hitAll(kind);
        this.#take(member, ms, () => {
          member.up = false;
        });
        return;
      case 'leaderless':
        this.#hitAll(kind);
        this.#take(
          member,
          ms,
          () => {
            member.leaderless = true;
          },
          3_000,
        );
        return;
      case 'lag':
        this.#hitAll(kind);
        member.lagMs = b % 3_000;
        this.#later(ms, () => {
          member.lagMs = 1;
        });
        return;
      case 'compact':
        this.#hitAll(kind);
        this.#compact(b % 6);
        return;
      case 'wipe':
      case 'restore':
        this.#hitAll(kind);
        this.#restore(kind === 'wipe' ? 1 : Math.max(1, this.#world.store.revision - (a % 20)), b);
        return;
      case 'reads-fail':
        this.#hitAll(kind);
        weather.readsFail = true;
        this.#later(ms, () => {
          weather.readsFail = false;
        });
        return;
      case 'cancel-on-create':
        this.#hitAll(kind);
        weather.cancelOnCreate = passing[b % 2] as string;
        this.#later(ms, () => {
          weather.cancelOnCreate = undefined;
        });
        return;
      case 'die-on-create':
        this.#hitAll(kind);
        weather.dieOnCreate = true;
        this.#later(ms, () => {
          weather.dieOnCreate = false;
        });
        return;
      case 'expire-token':
      case 'refresh-fails':
      case 'tokens-refused':
      case 'bad-credentials':
        this.#authFault(kind, ms);
        return;
      default:
        this.#lay(kind, a);
    }
  }

  #authFault(
    kind: 'expire-token' | 'refresh-fails' | 'tokens-refused' | 'bad-credentials',
    ms: number,
  ): void {
    const { weather } = this.#world.network;
    if (!weather.token) return;
    this.#hitAll(kind);
    switch (kind) {
      case 'expire-token':
        weather.token.expiresAt = this.#world.clock.now;
        return;
      case 'refresh-fails':
        weather.refreshFails = true;
        weather.token.expiresAt = this.#world.clock.now;
        this.#later(ms, () => {
          weather.refreshFails = false;
        });
        return;
      case 'tokens-refused':
        weather.tokensRefused = true;
        this.#later(ms, () => {
          weather.tokensRefused = false;
        });
        return;
      case 'bad-credentials':
        weather.token.expiresAt = this.#world.clock.now;
        this.#world.client.badCredentials = true;
        this.#world.oracle.badCredentials = true;
    }
  }

  #lay(kind: FaultKind & `trap-${string}`, a: number): void {
    const spring = (act: (stream: SimStream | undefined) => void) => (stream: SimStream | undefined) => {
      this.#world.trace.note(this.#world.clock.now, 2, a, 0, () => `* ${kind} springs`);
      this.#hitAll(kind);
      act(stream);
    };
    const cut = spring((stream) => stream?.die());
    const cutAll = spring(() => {
      for (const stream of [...this.#world.network.streams]) stream.die();
    });
    const compact = spring(() => {
      this.#world.write(1 + (a % 4), a);
      this.#world.clock.after(5, () => this.#compact(0));
    });
    const wipe = spring(() => this.#restore(1, a));
    const crowd = spring(() => {
      for (let i = 0; i < 3; i++) this.#world.watch(4, a, fromTheBeginning);
    });
    const traps: Readonly<Record<typeof kind, readonly [Trap, (stream: SimStream | undefined) => void]>> = {
      'trap-created': ['created', cut],
      'trap-fragment': ['fragment', cut],
      'trap-cancel': ['cancel', cut],
      'trap-refresh': ['refresh', cutAll],
      'trap-pin': ['pin', cutAll],
      'trap-compact-pin': ['pin', compact],
      'trap-compact-created': ['created', compact],
      'trap-compact-lost': ['lost', compact],
      'trap-ask': ['ask', crowd],
      'trap-wipe-check': ['check', wipe],
    };
    // Not from within what the client is just doing.
    const [trap, act] = traps[kind];
    this.#world.network.lay(trap, (stream) => this.#world.clock.after(0, () => act(stream)));
  }

  #compact(back: number): void {
    this.#world.store.compact(this.#world.store.revision - back);
    this.#world.replicate();
  }

  /** The data directory is lost, or a backup takes its place; every member starts anew. */
  #restore(revision: number, b: number): void {
    for (const stream of [...this.#world.network.streams]) stream.die();
    this.#world.store.restore(revision);
    for (const member of this.#world.members) {
      member.reset();
      member.lagMs = 1;
    }
    // Sometimes the new history is longer than the old one before anybody looks.
    if (b % 4 === 0) this.#world.write(1 + (b % 30), b);
  }

  #take(member: Member, ms: number, take: () => void, streamsMs = 0): void {
    take();
    this.#world.clock.after(streamsMs, () => {
      if (member.up && !member.leaderless) return;
      const text = member.leaderless ? 'etcdserver: no leader' : 'Connection dropped';
      for (const stream of [...this.#world.network.streams]) {
        if (stream.member === member) stream.die(errorFromServer(Code.UNAVAILABLE, text));
      }
    });
    this.#later(ms + 1, () => this.mend(member));
  }

  mend(member: Member): void {
    member.up = true;
    member.leaderless = false;
    member.lagMs = 1;
    member.applyTo(this.#world.store.revision);
  }

  /** Ends a fault, unless all of them have ended already. */
  #later(ms: number, end: () => void): void {
    this.#world.clock.after(ms, () => {
      if (!this.calm) end();
    });
  }

  #hitAll(kind: FaultKind): void {
    this.#world.coverage.hit(kind, this.#world.oracle.present);
  }

  #hitStream(kind: FaultKind, stream: SimStream | undefined): void {
    for (const [lane, open] of this.#world.client.lanes) {
      if (open.stream === stream) this.#world.coverage.hit(kind, this.#world.oracle.on(lane));
    }
  }
}
