import { VirtualClock } from '../clock.js';
import { Network, type NetworkMode } from '../network.js';
import { Random } from '../random.js';
import { TimedFaults } from '../timed-faults.js';
import type { Trace } from '../trace.js';
import type { Coverage, State } from './coverage.js';
import { Oracle } from './oracle.js';
import { Owner } from './owner.js';
import { metadataOf, recordValue, seqOf } from './records.js';
import { type Action, type FaultKind, faultKinds, type Schedule } from './schedule.js';
import { type Snapshot, Store } from './store.js';

const addr = 'a:1';
const expiryMs = 500;

/** An etcd, a network and a process with a registration, with all actions of a schedule. */
export class World {
  readonly clock = new VirtualClock();
  readonly store: Store;
  readonly network: Network;
  readonly oracle: Oracle;
  readonly owner: Owner;
  readonly #random: Random;
  readonly #coverage: Coverage;
  readonly #trace: Trace;
  readonly #plan: Schedule;
  readonly #faults = new TimedFaults(this.clock);
  /** The last periodic backup of the store. */
  #backup: Snapshot;
  #nextCall = 1;
  #nextSeq = 1;
  #nextOp = 1;
  #nextOther = 1n;

  constructor(plan: Schedule, coverage: Coverage, trace: Trace) {
    const { clock } = this;
    this.#plan = plan;
    this.#random = new Random(plan.seed);
    this.#coverage = coverage;
    this.#trace = trace;
    this.store = new Store((by, before) => {
      const { kv, revision } = this.store;
      trace.record(
        clock.now,
        1,
        revision,
        kv?.lease ?? 0n,
        () => `= by ${by}: ${kv?.value} lease ${kv?.lease}`,
      );
      this.oracle.onRecordChanged(by, before);
      this.owner.onChange();
    });
    this.network = new Network(clock, this.#random);
    this.oracle = new Oracle(
      plan,
      () => this.store,
      () => clock.now,
      (lease) => this.owner.isHeld(lease),
    );
    const { store, network, oracle } = this;
    this.owner = new Owner(plan, { addr }, this.#random, { clock, network, store, oracle, trace });
    this.#storeInitialRecord();
    this.#backup = store.snapshot;
    this.#expireLeases();
    this.#backupLater();
    this.#expectStarted(plan.startTimeoutMs + 70);
    this.owner.input({ type: 'start', timeoutMs: plan.startTimeoutMs });
  }

  do({ kind, a, b, c }: Action): void {
    this.#trace.record(this.clock.now, 4, a, b, () => `* ${kind} (${a}, ${b}, ${c})`);
    if ((faultKinds as readonly string[]).includes(kind))
      this.#coverage.hit(kind as FaultKind, [this.#state]);
    this.oracle.onAction();
    const ms = a % 4 === 0 ? a % 25_000 : a % 3_000;
    switch (kind) {
      case 'update':
        this.#update({}, b);
        return;
      case 'burst':
        for (let i = 0; i < 20; i++)
          this.clock.after(i * 50, () => {
            this.oracle.onAction();
            this.#update({}, b);
          });
        return;
      case 'update-status':
        this.#update({ status: a % 2 ? 'up' : 'slow' }, b);
        return;
      case 'update-big':
        this.#update({ size: 'big' }, b);
        return;
      case 'abandon-call': {
        const open = [...this.oracle.calls].filter(
          ([, { outcome, seq }]) => outcome === 'open' && seq !== undefined,
        );
        const call = open[a % Math.max(1, open.length)];
        if (call && this.owner.isAwake) this.owner.input({ type: 'abandon-call', call: call[0] });
        return;
      }
      case 'drain':
        this.#drain();
        return;
      case 'close':
        this.close();
        return;
      default:
        this.#inject(kind, ms, a, b);
    }
  }

  /** Ends all faults, and removes other writers' records. */
  heal(): void {
    const { network, store } = this;
    this.#faults.heal();
    network.heal();
    store.isFull = false;
    store.isForbidden = false;
    const { kv } = store;
    if (kv && !this.oracle.isOwn(kv) && kv.lease !== 0n) store.revoke(kv.lease, 'other');
    else if (kv && !this.oracle.isOwn(kv) && !this.oracle.mayReclaim(kv)) store.delete('other');
    this.owner.cut();
  }

  update(): number | undefined {
    return this.#update({}, 0);
  }

  close(): void {
    if (!this.owner.isAwake || this.owner.core.state === 'closed') return;
    this.owner.input({ type: 'close', what: 'the registration' });
  }

  get #state(): State {
    const { state } = this.owner.core;
    return state === 'registered' && this.oracle.openCalls > 0 ? 'updating' : state;
  }

  #storeInitialRecord(): void {
    const { store, clock } = this;
    const lease = this.#nextOther++;
    switch (this.#plan.before) {
      case 'nothing':
        return;
      case 'predecessor':
        store.grant(lease, 10_000, clock.now, false);
        store.put(recordValue(addr, { seq: 0, of: 'before' }), lease, 'other');
        return;
      case 'stranger':
        store.grant(lease, 4_000, clock.now, false);
        store.put(recordValue('x:1', { of: 'stranger' }), lease, 'other');
        return;
      case 'orphan':
        store.put(recordValue(addr, { seq: 0 }), 0n, 'other');
    }
  }

  #expireLeases(): void {
    this.store.expire(this.clock.now);
    this.clock.after(expiryMs, () => this.#expireLeases());
  }

  #backupLater(): void {
    this.#backup = this.store.snapshot;
    this.clock.after(7_000, () => this.#backupLater());
  }

  #expectStarted(at: number): void {
    this.clock.after(at - this.clock.now, () => {
      if (!this.owner.isAwake) this.#expectStarted(this.clock.now + 50);
      else if (this.oracle.started === 'open')
        this.oracle.violate('start deadline', 'start is not settled at its deadline');
    });
  }

  // Owner actions.

  #update(metadata: Readonly<Record<string, string>>, b: number): number | undefined {
    const { clock, oracle, owner } = this;
    if (!owner.isAwake) return undefined;
    const call = this.#nextCall++;
    const seq = this.#nextSeq++;
    const timeoutMs = b % 3 === 0 ? 10_000 : 200 + (b % 9_000);
    const until = clock.now + timeoutMs;
    const isBig = 'size' in metadata;
    oracle.calls.set(call, { seq, until, outcome: 'open' });
    if (owner.core.state !== 'closed' && !isBig) oracle.expectedSeq = seq;
    oracle.expectedOp = undefined;
    oracle.mayRepeat ||= isBig;
    owner.input({ type: 'update', call, change: { metadata: { seq, ...metadata } }, timeoutMs });
    this.#expectSettled(call, until + 20);
    return call;
  }

  #expectSettled(call: number, at: number): void {
    this.clock.after(at - this.clock.now, () => {
      if (!this.owner.isAwake) this.#expectSettled(call, this.clock.now + 50);
      else if (this.oracle.calls.get(call)?.outcome === 'open')
        this.oracle.violate('update deadline', `call ${call} is open after its deadline`);
    });
  }

  #drain(): void {
    const { oracle, owner } = this;
    if (!owner.isAwake || owner.core.state === 'closed') return;
    const call = this.#nextCall++;
    oracle.calls.set(call, { seq: undefined, until: Number.POSITIVE_INFINITY, outcome: 'open' });
    oracle.isDrained = true;
    owner.input({ type: 'drain', call });
  }

  // Faults, and actions of other writers.

  #inject(kind: FaultKind, ms: number, a: number, b: number): void {
    const { network, store, oracle, owner, clock } = this;
    switch (kind) {
      case 'refuse':
      case 'lose-requests':
      case 'lose-answers':
      case 'late-writes':
      case 'stall':
        network.setMode(kind satisfies NetworkMode, ms);
        return;
      case 'cut':
        owner.cut();
        return;
      case 'no-space':
        this.#faults.during(ms, (isOn) => {
          store.isFull = isOn;
        });
        return;
      case 'forbid':
        this.#faults.during(ms, (isOn) => {
          store.isForbidden = isOn;
        });
        return;
      case 'wipe':
      case 'wipe-past':
        store.wipe(kind === 'wipe' ? 1n + BigInt(a % 3) : store.revision + BigInt(1 + (a % 5)));
        owner.cut();
        return;
      case 'restore':
        // After a rollback, an end that was undone cannot be checked.
        if (owner.isClosed) return;
        store.restore(this.#backup, clock.now);
        oracle.onStoreRestored(store.kv);
        owner.cut();
        return;
      case 'restart':
        for (const lease of store.leases.values()) lease.endsAt = clock.now + lease.ttlMs;
        network.setMode('refuse', 200 + (a % 1_500));
        owner.cut();
        return;
      case 'lease-revoked':
        if (owner.core.lease !== undefined) store.revoke(owner.core.lease, 'other');
        return;
      case 'pause':
        owner.sleep(1 + (a % 3 === 0 ? a % 20_000 : a % 2_000));
        return;
      default:
        this.#write(kind, a, b);
    }
  }

  #write(kind: FaultKind, a: number, b: number): void {
    const { store, oracle } = this;
    const { kv } = store;
    const isOwn = kv !== undefined && oracle.isOwn(kv);
    switch (kind) {
      case 'operator-changes':
      case 'operator-marks': {
        if (!isOwn || seqOf(kv) === undefined) return;
        const op = this.#nextOp++;
        const isKnown = oracle.isSettled && oracle.expectedSeq === seqOf(kv);
        const mark = kind === 'operator-marks' ? { status: 'draining' } : {};
        store.put(recordValue(addr, { ...metadataOf(kv), op, ...mark }), kv.lease, 'other');
        oracle.expectedOp = isKnown ? op : undefined;
        return;
      }
      case 'operator-garbage':
        if (isOwn) store.put(Buffer.from(`garbage ${a}`), kv.lease, 'other');
        oracle.expectedOp = undefined;
        return;
      case 'operator-address':
        if (isOwn && seqOf(kv) !== undefined)
          store.put(recordValue('z:9', { ...metadataOf(kv), elsewhere: a }), kv.lease, 'other');
        oracle.expectedOp = undefined;
        return;
      case 'operator-strips':
        if (isOwn) store.put(kv.value, 0n, 'other');
        oracle.expectedOp = undefined;
        return;
      case 'operator-deletes':
        store.delete('other');
        return;
      case 'rival':
      case 'sibling': {
        this.#rival(kind, a, 500 + (b % 8_000));
        return;
      }
      default:
    }
  }

  /** Takes the key for a while, with or without a lease. */
  #rival(kind: 'rival' | 'sibling', a: number, ms: number): void {
    const { store, clock } = this;
    const id = this.#nextOther++;
    const lease = a % 3 === 0 ? 0n : id;
    if (lease !== 0n) store.grant(lease, 60_000, clock.now, false);
    const value = recordValue(kind === 'sibling' ? addr : `x:${id}`, { of: kind, id: Number(id) });
    store.put(value, lease, 'other');
    this.#faults.endAfter(ms, () => {
      if (lease !== 0n) store.revoke(lease, 'other');
      else if (store.kv?.value.equals(value)) store.delete('other');
    });
  }
}
