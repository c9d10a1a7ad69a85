import { VirtualClock } from '../clock.js';
import type { NetworkMode } from '../network.js';
import { Random } from '../random.js';
import { TimedFaults } from '../timed-faults.js';
import type { Trace } from '../trace.js';
import { Contender } from './contender.js';
import type { Coverage } from './coverage.js';
import { GoMutex } from './go-mutex.js';
import { Machine } from './machine.js';
import { Oracle } from './oracle.js';
import { type Action, type FaultKind, faultKinds, type Schedule } from './schedule.js';
import { keyOf, type Snapshot, Store } from './store.js';

const expiryMs = 500;
const backupMs = 7_000;
/** The longest queue. */
const maxContenders = 12;
/** How long an owner keeps the lock after all faults have ended. */
const holdMs = 200;

/** An etcd, and processes that contend for one lock. */
export class World {
  readonly clock = new VirtualClock();
  readonly store: Store;
  readonly oracle: Oracle;
  readonly #random: Random;
  readonly #coverage: Coverage;
  readonly #trace: Trace;
  readonly #plan: Schedule;
  readonly #machines: Machine[];
  readonly #mutexes: GoMutex[] = [];
  /** The last periodic backup of the store. */
  #backup: Snapshot;
  readonly #faults = new TimedFaults(this.clock);
  #nextLease = 0x1000n;
  #nextId = 1;

  constructor(plan: Schedule, coverage: Coverage, trace: Trace) {
    const { clock } = this;
    this.#plan = plan;
    this.#random = new Random(plan.seed);
    this.#coverage = coverage;
    this.#trace = trace;
    this.store = new Store((change) => {
      const { key, kv, cause } = change;
      trace.record(
        clock.now,
        1,
        this.store.revision,
        kv?.createRevision ?? 0n,
        () =>
          `= ${this.store.revision} ${key} ${kv ? `put, created ${kv.createRevision}` : `deleted by ${cause}`}`,
      );
      this.oracle.onStoreChange(change);
      for (const contender of this.oracle.contenders) contender.onChange(key);
      for (const mutex of this.#mutexes) mutex.onChange(key);
      if (kv?.version === 1n && cause === 'txn') this.#onCreated(key);
    });
    this.oracle = new Oracle(
      () => this.store,
      () => clock.now,
    );
    this.#machines = Array.from({ length: plan.machines }, () => this.#newMachine());
    this.#backup = this.store.snapshot;
    this.#expireLeases();
    this.#backupLater();
  }

  do({ kind, a, b, c }: Action): void {
    this.#trace.record(this.clock.now, 4, a, b, () => `* ${kind} (${a}, ${b}, ${c})`);
    const { oracle } = this;
    if ((faultKinds as readonly string[]).includes(kind)) this.#cover(kind as FaultKind);
    oracle.onAction();
    const machine = pick(this.#machines, a);
    const { open } = oracle;
    const owners = open.filter(({ isOwning }) => isOwning);
    switch (kind) {
      case 'lock':
        this.#lock(machine, 'wait', b, c);
        return;
      case 'try-lock':
        this.#lock(machine, 'try', b, c);
        return;
      case 'release':
        pick(owners, b)?.release();
        return;
      case 'abort':
        pick(open, b)?.abort();
        return;
      case 'guarded-txn': {
        const former = [...oracle.contenders].filter(({ acquired }) => acquired !== undefined);
        pick(b % 2 === 0 ? owners : former, c)?.guardedTxn(a % 3 === 0);
        return;
      }
      case 'go-lock':
        this.#goLock(machine);
        return;
      case 'go-release':
        pick(this.#openMutexes, b)?.release();
        return;
      default:
        this.#inject(kind, machine, a, b);
    }
  }

  /** Ends all faults. */
  heal(): void {
    const { store } = this;
    this.#faults.heal();
    store.isFull = false;
    store.isForbidden = false;
    for (const { network } of this.#machines) network.heal();
    for (const { key, lease } of store.queue) if (lease === 0n) store.deleteByHand(key);
  }

  /** Every owner gives the lock back, and so does whoever owns it next. */
  drain(): void {
    for (const contender of this.oracle.open) if (contender.isOwning) contender.release();
    for (const mutex of this.#openMutexes) if (mutex.isLocked) mutex.release();
    this.clock.after(holdMs, () => this.drain());
  }

  get openMutexes(): number {
    return this.#openMutexes.length;
  }

  get renewals(): number {
    return this.#machines.reduce((sum, { renewals }) => sum + renewals, 0);
  }

  get #openMutexes(): GoMutex[] {
    return this.#mutexes.filter(({ isOver, machine }) => !isOver && !machine.isDead);
  }

  #newMachine(): Machine {
    return new Machine(this.clock, this.#random, this.store);
  }

  #cover(fault: FaultKind): void {
    for (const { state } of this.oracle.contenders) if (state) this.#coverage.hit(fault, [state]);
  }

  #expireLeases(): void {
    this.store.expire(this.clock.now);
    this.clock.after(expiryMs, () => this.#expireLeases());
  }

  #backupLater(): void {
    this.#backup = this.store.snapshot;
    this.clock.after(backupMs, () => this.#backupLater());
  }

  // Clients.

  #lock(machine: Machine | undefined, mode: 'wait' | 'try', b: number, c: number): void {
    if (!machine?.isAwake || this.oracle.open.length + this.openMutexes >= maxContenders) return;
    const { clock, store, oracle } = this;
    const timeoutMs = b % 4 === 0 ? 100 + (c % 15_000) : Number.POSITIVE_INFINITY;
    const { ttlMs, holdMs } = this.#plan;
    const options = { mode, timeoutMs, requeue: b % 3 === 0, ttlMs, holdMs };
    const parts = {
      clock,
      store,
      oracle,
      trace: this.#trace,
      random: this.#random,
      nextLease: () => this.#lease(),
    };
    new Contender(this.#nextId++, machine, options, parts);
  }

  #goLock(machine: Machine | undefined): void {
    if (!machine?.isAwake || this.oracle.open.length + this.openMutexes >= maxContenders) return;
    const { clock, store } = this;
    const lease = this.#lease();
    this.#mutexes.push(new GoMutex({ clock, store, machine, lease, ttlMs: this.#plan.ttlMs }));
  }

  #lease(): bigint {
    return this.#nextLease++;
  }

  // Faults.

  #inject(kind: FaultKind, machine: Machine | undefined, a: number, b: number): void {
    const { store, oracle, clock } = this;
    const ms = a % 4 === 0 ? b % 25_000 : b % 3_000;
    switch (kind) {
      case 'refuse':
      case 'lose-requests':
      case 'lose-answers':
      case 'late-writes':
      case 'stall':
        machine?.network.setMode(kind satisfies NetworkMode, ms);
        return;
      case 'cut':
        this.#cut(machine);
        return;
      case 'compact':
        for (const contender of oracle.contenders) if (contender.machine === machine) contender.compact();
        for (const mutex of this.#mutexes) if (mutex.machine === machine) mutex.compact();
        return;
      case 'outage':
        this.#outage(ms);
        return;
      case 'no-space':
        this.#faults.during(ms, (isOn) => {
          store.isFull = isOn;
        });
        return;
      case 'forbid':
        oracle.wasForbidden = true;
        this.#faults.during(ms, (isOn) => {
          store.isForbidden = isOn;
        });
        return;
      case 'wipe':
        store.wipe();
        this.#rolledBack();
        return;
      case 'restore':
        store.restore(this.#backup, clock.now);
        this.#rolledBack();
        return;
      case 'pause':
        machine?.sleep(1 + (b % 3 === 0 ? a % (2 * this.#plan.ttlMs) : a % 2_000));
        return;
      case 'kill':
        this.#kill(machine);
        return;
      default:
        this.#byHand(kind, b, ms);
    }
  }

  /** A person changes a key or a lease of the queue, mostly the first. */
  #byHand(kind: FaultKind, b: number, ms: number): void {
    const { store } = this;
    const { queue } = store;
    const chosen = b % 2 === 0 ? queue[0] : pick(queue, b >> 1);
    switch (kind) {
      case 'lease-revoked':
        if (chosen) store.revoke(chosen.lease, 'by hand');
        return;
      case 'key-deleted':
        if (chosen) store.deleteByHand(chosen.key);
        return;
      case 'key-replaced':
        if (chosen) this.#replace(chosen.key, ms);
        return;
      case 'key-touched':
        if (chosen) store.putByHand(chosen.key, 'touched');
        return;
      case 'stray-key': {
        const key = keyOf(this.#lease());
        store.putByHand(key, 'stray');
        this.#faults.endAfter(ms, () => store.deleteByHand(key));
        return;
      }
      default:
    }
  }

  /** Some keys are replaced by hand before their client knows them, because it does not get the answer. */
  #onCreated(key: Buffer): void {
    const creator = [...this.oracle.contenders].find(({ ownKey }) => ownKey?.equals(key));
    const losesAnswer = creator !== undefined && !creator.machine.network.isUp;
    if (losesAnswer && !this.#faults.isHealed && this.#random.chance(0.05))
      this.clock.after(10, () => this.#replace(key, 2_000));
  }

  #replace(key: Buffer, ms: number): void {
    this.store.deleteByHand(key);
    this.store.putByHand(key, 'replaced');
    this.#faults.endAfter(ms, () => this.store.deleteByHand(key));
  }

  #cut(machine: Machine | undefined): void {
    for (const contender of this.oracle.contenders) if (contender.machine === machine) contender.cut();
    for (const mutex of this.#mutexes) if (mutex.machine === machine) mutex.cut();
  }

  #rolledBack(): void {
    this.oracle.onRollback();
    for (const machine of this.#machines) this.#cut(machine);
  }

  /** etcd is down for a while. Its leases begin again with their TTL. */
  #outage(ms: number): void {
    for (const machine of this.#machines) {
      machine.network.setMode('refuse', ms);
      this.#cut(machine);
    }
    for (const lease of this.store.leases.values()) lease.endsAt = this.clock.now + ms + lease.ttlMs;
  }

  #kill(machine: Machine | undefined): void {
    if (!machine) return;
    machine.kill();
    for (const contender of this.oracle.contenders) if (contender.machine === machine) contender.kill();
    for (const mutex of this.#mutexes) if (mutex.machine === machine) mutex.kill();
    this.#machines[this.#machines.indexOf(machine)] = this.#newMachine();
  }
}

function pick<T>(from: readonly T[], number: number): T | undefined {
  return from[number % Math.max(1, from.length)];
}
