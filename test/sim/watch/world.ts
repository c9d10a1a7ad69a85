import { VirtualClock } from '../clock.js';
import { Random } from '../random.js';
import type { Trace } from '../trace.js';
import { SimClient } from './client.js';
import type { Coverage } from './coverage.js';
import { Faults } from './faults.js';
import { Member } from './member.js';
import { Network } from './network.js';
import { Oracle } from './oracle.js';
import { type Profile, profiles } from './profile.js';
import type { Action, Schedule } from './schedule.js';
import { keys, type Spec, Store } from './store.js';

const prefixes: readonly (readonly [key: string, end: string])[] = [
  ['a/', 'a0'],
  ['b/', 'b0'],
  ['a/1', 'a/1\0'],
  ['c', 'c\0'],
  ['', '\u{10ffff}'],
  ['a/1', 'b/1'],
];
const never = 1_000_000;

/** A cluster, a network and a client, with all actions of a schedule. */
export class World {
  readonly clock = new VirtualClock();
  readonly store = new Store();
  readonly oracle: Oracle;
  readonly network: Network;
  readonly client: SimClient;
  readonly members: readonly Member[];
  readonly random: Random;
  readonly coverage: Coverage;
  readonly trace: Trace;
  readonly #tokenTtlMs: number;
  readonly #tickMs: number;
  readonly #faults = new Faults(this);

  constructor({ seed, actions }: Schedule, coverage: Coverage, trace: Trace, profile: Profile | undefined) {
    this.random = new Random(seed);
    this.coverage = coverage;
    this.trace = trace;
    const { random, clock, store } = this;
    const common = profile ?? random.pick(profiles);
    const mixed = profile === undefined && common.name !== 'proxy' && random.chance(0.15);
    const own = ['m0', 'm1', 'm2'].map(() =>
      mixed ? random.pick(profiles.filter((other) => other.name !== 'proxy')) : common,
    );
    // With mixed members, a stream may fail before the client knows that its member loses deletes.
    const losesDeletes = own.every((profile) => profile.losesDeletes);
    this.members = own.map((profile, i) => new Member(`m${i}`, { ...profile, losesDeletes }, store));
    this.oracle = new Oracle(store, () => clock.now);
    this.network = new Network({
      clock,
      random,
      store,
      members: this.members,
      fragmentEvents: random.pick([2, 4, 50, 1_000_000]),
      // A backlog in small fragments would take longer than the end of a run.
      maxEvents: random.pick(
        actions.some(({ kind }) => kind === 'backlog') ? [200, never] : [3, 6, 20, never],
      ),
      lost: (spec, revision) => this.oracle.onDeleteLost(spec, revision),
      idReused: (watchId) =>
        this.oracle.violate('ids once', `watch id ${watchId} is used twice on one stream`),
    });
    this.oracle.losesDeletes = losesDeletes;
    this.#tokenTtlMs = random.pick([500, 2_000, 20_000]);
    if (random.chance(0.5)) this.network.conditions.token = { generation: 0, expiresAt: this.#tokenTtlMs };
    this.client = new SimClient(this.network, this.oracle, trace, this.#tokenTtlMs);
    this.#tickMs = random.pick([1_000, 7_000, 600_000]);
    this.#tickLater();
  }

  get profile(): string {
    return this.members.map(({ profile }) => profile.name).join(' ');
  }

  do(action: Action): void {
    this.trace.record(
      this.clock.now,
      1,
      action.a,
      action.b,
      () => `* ${action.kind} (${action.a}, ${action.b}, ${action.c})`,
    );
    const { a, b, c } = action;
    switch (action.kind) {
      case 'write':
        this.write(1 + (a % 6), b);
        return;
      case 'backlog':
        this.#backlog(1_000 + (a % 2_200));
        return;
      case 'delete-all':
        this.#commit(keys.map((key) => ({ key, remove: true })));
        return;
      case 'watch':
        this.watch(a, b, c);
        return;
      case 'leave': {
        const present = [...this.client.readers.keys()];
        const leaving = present[a % Math.max(1, present.length)];
        if (leaving !== undefined) this.client.unwatch(leaving);
        return;
      }
      case 'tick':
        this.#tick();
        return;
      case 'new-token':
        if (this.network.conditions.token) this.client.refresh();
        return;
      default:
        this.#faults.do(action.kind, a, b);
    }
  }

  /** Ends all faults. */
  heal(): void {
    const { conditions } = this.network;
    this.#faults.timed.heal();
    this.network.clearTraps();
    for (const member of this.members) this.#faults.healMember(member);
    conditions.cancelOnCreate = undefined;
    conditions.dieOnCreate = false;
    conditions.readsFail = false;
    conditions.refreshFails = false;
    conditions.tokensRefused = false;
    for (const { reader } of this.client.readers.values()) reader.readFast();
  }

  probe(): void {
    this.write(3, 0);
    this.#commit(keys.map((key) => ({ key, remove: false })));
  }

  // Writers.

  write(transactions: number, spread: number): void {
    for (let i = 0; i < transactions; i++) {
      const operations = new Map<string, boolean>();
      for (let k = 1 + ((spread + i) % 3); k > 0; k--)
        operations.set(this.random.pick(keys), this.random.chance(0.25));
      this.#commit([...operations].map(([key, remove]) => ({ key, remove })));
    }
  }

  #backlog(revisions: number): void {
    for (let i = 0; i < revisions; i++)
      this.store.commit([{ key: i % 50 === 0 ? 'c' : 'a/1', remove: false }]);
    for (const member of this.members) member.reset();
  }

  #commit(operations: readonly { readonly key: string; readonly remove: boolean }[]): void {
    if (this.store.commit(operations)) this.replicate();
  }

  replicate(): void {
    const { epoch, revision } = this.store;
    for (const member of this.members) {
      this.clock.after(member.lagMs + this.random.between(0, 3), () => {
        if (this.store.epoch === epoch) member.applyTo(revision);
      });
    }
  }

  // Watchers.

  watch(a: number, b: number, c: number): void {
    const [key, end] = prefixes[a % prefixes.length] as readonly [string, string];
    const spec: Spec = {
      key,
      end,
      noPut: b % 11 === 1,
      noDelete: b % 11 === 2,
      prevKv: b % 3 === 0,
      forbidden: a % 37 === 0,
    };
    const { revision, compactRevision } = this.store;
    const starts = [
      undefined,
      undefined,
      undefined,
      Math.max(1, compactRevision),
      1 + ((b * 7) % revision),
      Math.max(1, revision - (b % 10)),
      revision + 1,
      revision + 1 + (b % 15),
    ];
    const slow = c % 3 === 0;
    const pace = slow ? { batchMs: 20 + (c % 800), limit: 1 + (c % 9) } : { batchMs: 0, limit: 10_000 };
    this.client.watch(spec, starts[c % starts.length], pace);
  }

  #tickLater(): void {
    this.clock.after(this.#tickMs, () => {
      this.#tick();
      this.#tickLater();
    });
  }

  #tick(): void {
    for (const member of this.members) for (const stream of member.streams) stream.tick();
  }
}
