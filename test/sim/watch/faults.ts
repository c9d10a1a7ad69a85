import { Code, errorFromServer } from '#src/errors/index.js';
import { TimedFaults } from '../timed-faults.js';
import type { Member } from './member.js';
import type { SimStream, Trap } from './network.js';
import type { FaultKind } from './schedule.js';
import type { World } from './world.js';

/** The argument of `World.watch` for: all keys, from the oldest revision, with a fast reader. */
const startFromOldest = 19;
const transientReasons = [
  'etcdserver: no leader',
  'rpc error: code = Unavailable desc = etcdserver: leader changed',
];

/** Injects the faults of a world, immediately or by a trap at a point of the protocol. */
export class Faults {
  readonly timed: TimedFaults;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    this.timed = new TimedFaults(world.clock);
  }

  do(kind: FaultKind, a: number, b: number): void {
    const streams = [...this.#world.network.streams];
    const stream = streams[a % Math.max(1, streams.length)];
    const member = this.#world.members[a % this.#world.members.length] as Member;
    const ms = b % 4 === 0 ? b % 25_000 : b % 2_000;
    const { conditions } = this.#world.network;
    switch (kind) {
      case 'cut':
        this.#hitStream(kind, stream);
        stream?.fail();
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
      case 'silent':
        // Only a server that is asked for progress is probed.
        if (!stream?.server || !stream.member.profile.trusted || stream.member.profile.ownIds) return;
        this.#hitStream(kind, stream);
        stream.server.silent = true;
        return;
      case 'oversized':
        this.#hitStream(kind, stream);
        stream?.failOversized();
        return;
      case 'cancel-live':
        if (stream?.server?.cancelOne(b, transientReasons[b % 2] as string)) this.#hitStream(kind, stream);
        return;
      case 'resend':
        if (!stream?.server || !member.profile.resends || !stream.member.profile.resends) return;
        this.#hitStream(kind, stream);
        stream.server.resend(1 + (b % 12));
        return;
      case 'corrupt':
        if (stream?.server?.sendCorrupt(b)) this.#hitStream(kind, stream);
        return;
      case 'down':
        this.#hitAll(kind);
        this.#takeDown(member, ms, () => {
          member.up = false;
        });
        return;
      case 'leaderless':
        this.#hitAll(kind);
        this.#takeDown(
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
        this.timed.endAfter(ms, () => {
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
        this.timed.during(ms, (isOn) => {
          conditions.readsFail = isOn;
        });
        return;
      case 'cancel-on-create':
        this.#hitAll(kind);
        conditions.cancelOnCreate = transientReasons[b % 2] as string;
        this.timed.endAfter(ms, () => {
          conditions.cancelOnCreate = undefined;
        });
        return;
      case 'die-on-create':
        this.#hitAll(kind);
        this.timed.during(ms, (isOn) => {
          conditions.dieOnCreate = isOn;
        });
        return;
      case 'expire-token':
      case 'refresh-fails':
      case 'tokens-refused':
      case 'bad-credentials':
        this.#authFault(kind, ms);
        return;
      default:
        this.#setTrap(kind, a);
    }
  }

  #authFault(
    kind: 'expire-token' | 'refresh-fails' | 'tokens-refused' | 'bad-credentials',
    ms: number,
  ): void {
    const { conditions } = this.#world.network;
    if (!conditions.token) return;
    this.#hitAll(kind);
    switch (kind) {
      case 'expire-token':
        conditions.token.expiresAt = this.#world.clock.now;
        return;
      case 'refresh-fails':
        conditions.token.expiresAt = this.#world.clock.now;
        this.timed.during(ms, (isOn) => {
          conditions.refreshFails = isOn;
        });
        return;
      case 'tokens-refused':
        this.timed.during(ms, (isOn) => {
          conditions.tokensRefused = isOn;
        });
        return;
      case 'bad-credentials':
        conditions.token.expiresAt = this.#world.clock.now;
        this.#world.client.badCredentials = true;
        this.#world.oracle.badCredentials = true;
    }
  }

  #setTrap(kind: FaultKind & `trap-${string}`, a: number): void {
    const trap = (act: (stream: SimStream | undefined) => void) => (stream: SimStream | undefined) => {
      this.#world.trace.record(this.#world.clock.now, 2, a, 0, () => `* ${kind} fires`);
      this.#hitAll(kind);
      act(stream);
    };
    const cut = trap((stream) => stream?.fail());
    const cutAll = trap(() => {
      for (const stream of [...this.#world.network.streams]) stream.fail();
    });
    const compact = trap(() => {
      this.#world.write(1 + (a % 4), a);
      this.#world.clock.after(5, () => this.#compact(0));
    });
    const wipe = trap(() => this.#restore(1, a));
    const compactPin = trap(() => {
      this.#world.write(1 + (a % 4), a);
      this.#world.clock.after(5, () => this.#compact(0));
      if (a % 4 === 0)
        this.#world.network.setTrap('repin', () => this.#world.clock.after(0, () => this.#restore(1, a)));
    });
    const addWatchers = trap(() => {
      for (let i = 0; i < 3; i++) this.#world.watch(4, a, startFromOldest);
    });
    const traps: Readonly<Record<typeof kind, readonly [Trap, (stream: SimStream | undefined) => void]>> = {
      'trap-created': ['created', cut],
      'trap-fragment': ['fragment', cut],
      'trap-cancel': ['cancel', cut],
      'trap-refresh': ['refresh', cutAll],
      'trap-pin': ['pin', cutAll],
      'trap-compact-pin': ['pin', compactPin],
      'trap-compact-created': ['created', compact],
      'trap-compact-lost': ['lost', compact],
      'trap-progress': ['progress', addWatchers],
      'trap-wipe-check': ['check', wipe],
    };
    // Deferred, so that the client completes its current step first.
    const [point, act] = traps[kind];
    this.#world.network.setTrap(point, (stream) => this.#world.clock.after(0, () => act(stream)));
  }

  #compact(back: number): void {
    this.#world.store.compact(this.#world.store.revision - back);
    this.#world.replicate();
  }

  /** The data directory is lost or replaced by a backup; every member restarts. */
  #restore(revision: number, b: number): void {
    for (const stream of [...this.#world.network.streams]) stream.fail();
    this.#world.store.restore(revision);
    for (const member of this.#world.members) {
      member.reset();
      member.lagMs = 1;
    }
    // In some runs the new history is already longer than the old one when a client reconnects.
    if (b % 4 === 0) this.#world.write(1 + (b % 30), b);
  }

  #takeDown(member: Member, ms: number, inject: () => void, streamsMs = 0): void {
    inject();
    this.#world.clock.after(streamsMs, () => {
      if (member.up && !member.leaderless) return;
      const text = member.leaderless ? 'etcdserver: no leader' : 'Connection dropped';
      for (const stream of [...this.#world.network.streams]) {
        if (stream.member === member) stream.fail(errorFromServer(Code.UNAVAILABLE, text));
      }
    });
    this.timed.endAfter(ms + 1, () => this.healMember(member));
  }

  healMember(member: Member): void {
    member.up = true;
    member.leaderless = false;
    member.lagMs = 1;
    member.applyTo(this.#world.store.revision);
  }

  #hitAll(kind: FaultKind): void {
    this.#world.coverage.hit(kind, this.#world.oracle.active);
  }

  #hitStream(kind: FaultKind, stream: SimStream | undefined): void {
    for (const [slot, open] of this.#world.client.slots) {
      if (open.stream === stream) this.#world.coverage.hit(kind, this.#world.oracle.watchersOn(slot));
    }
  }
}
