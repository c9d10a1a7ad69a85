import assert from 'node:assert/strict';
import type { WatchEvent } from '#src/model/index.js';
import { type SlotKey, type WatchEffect, type WatchInput, WatchSession } from '#src/watch/core/index.js';
import { dropped, everyKey } from './builders.js';
import { forbidden, ModelStore, ModelStream, randomFrom } from './mvcc-model.js';

interface Deliveries {
  readonly from: number;
  readonly batches: (readonly WatchEvent[])[];
  full: boolean;
  left: boolean;
  finished: boolean;
}

interface WalkOptions {
  readonly seed: number;
  /** How many revisions the store has before the first watch. */
  readonly backlog: number;
  readonly steps: number;
  /** After how many messages the n-th stream is cut. */
  readonly lifetime: (stream: number) => number;
}

/** Runs a session against a model of a server, with random failures between them. */
class Walk {
  readonly store = new ModelStore();
  readonly deliveries = new Map<number, Deliveries>();
  cuts = 0;
  pauses = 0;
  repeats = 0;
  readonly #random: () => number;
  readonly #session: WatchSession;
  readonly #lifetime: (stream: number) => number;
  readonly #todo: WatchInput[] = [];
  readonly #streams = new Map<SlotKey, { readonly stream: ModelStream; left: number }>();
  #opened = 0;

  constructor({ seed, backlog, lifetime }: WalkOptions) {
    this.#random = randomFrom(seed);
    this.#lifetime = lifetime;
    this.#session = new WatchSession({
      firstWatchId: 1_000n,
      random: this.#random,
      maxRevisionBytes: 2 ** 30,
    });
    for (let i = 0; i < backlog; i++) this.store.commit(1 + Math.floor(this.#random() * 3));
  }

  watch(watcher: number, from: number | undefined): void {
    // "From now on" starts after the current revision, which the pin will read.
    const first = from ?? this.store.revision + 1;
    this.deliveries.set(watcher, { from: first, batches: [], full: false, left: false, finished: false });
    this.#input({
      type: 'watch',
      watcher,
      range: everyKey,
      startRevision: from === undefined ? undefined : BigInt(from),
    });
  }

  /** Performs one random step. */
  step(): void {
    const random = this.#random();
    if (random < 0.2) this.store.commit(1 + Math.floor(this.#random() * 4));
    else if (random < 0.3) this.#any()?.stream.pump();
    else if (random < 0.33) this.#repeat();
    else if (random < 0.36) this.#drain();
    else if (random < 0.37) this.#leave();
    else if (random < 0.38) this.watch(1_000 + this.deliveries.size, forbidden);
    else this.#receive();
  }

  /** Runs without failures until everything is delivered. */
  settle(): void {
    for (let quiet = 0; quiet < 3; ) {
      this.#drain();
      for (const slot of this.#streams.values()) {
        slot.left = Number.POSITIVE_INFINITY;
        slot.stream.pump();
      }
      const busy = [...this.#streams.values()].some(({ stream }) => stream.outbox.length > 0);
      quiet = busy || this.#todo.length > 0 ? 0 : quiet + 1;
      for (const key of this.#streams.keys()) while (this.#receive(key));
    }
  }

  #any(): { readonly key: SlotKey; readonly stream: ModelStream } | undefined {
    const all = [...this.#streams].map(([key, { stream }]) => ({ key, stream }));
    return all[Math.floor(this.#random() * all.length)];
  }

  #repeat(): void {
    this.repeats++;
    this.#any()?.stream.repeatOld();
  }

  #drain(): void {
    for (const [watcher, delivered] of this.deliveries) {
      if (!delivered.full) continue;
      delivered.full = false;
      this.#input({ type: 'buffer-drained', watcher });
    }
  }

  /** Adds a watcher that leaves before it is acknowledged: the session must not mention it again. */
  #leave(): void {
    const watcher = 1_000 + this.deliveries.size;
    this.watch(watcher, 2);
    this.deliveries.get(watcher)!.left = true;
    this.#input({ type: 'unwatch', watcher });
  }

  #receive(key = this.#any()?.key ?? 0): boolean {
    const slot = this.#streams.get(key);
    const message = slot?.stream.outbox.shift();
    if (!slot || !message) return false;
    this.#input({ type: 'reply', slot: key, ...message });
    if (this.#streams.get(key) === slot && --slot.left <= 0) this.#cut(key);
    return true;
  }

  #cut(slot: SlotKey): void {
    this.cuts++;
    this.#streams.delete(slot);
    this.#input({ type: 'stream-lost', slot, error: dropped() });
  }

  #input(input: WatchInput): void {
    this.#todo.push(input);
    if (this.#todo.length > 1) return;
    for (let next = this.#todo[0]; next; next = this.#todo[0]) {
      for (const effect of this.#session.handle(next)) this.#perform(effect);
      this.#todo.shift();
    }
  }

  #perform(effect: WatchEffect): void {
    switch (effect.type) {
      case 'schedule-pin-read':
        this.#todo.push({ type: 'pin-read-due' });
        return;
      case 'read-pin':
        this.#todo.push({ type: 'pin-read', revision: BigInt(this.store.revision) });
        return;
      case 'read-revision':
        this.#todo.push({ type: 'revision', watcher: effect.watcher, revision: BigInt(this.store.revision) });
        return;
      case 'open-stream': {
        assert.ok(!this.#streams.has(effect.slot), 'a slot has one stream at a time');
        const stream = new ModelStream(this.store, this.#random);
        this.#streams.set(effect.slot, { stream, left: this.#lifetime(this.#opened++) });
        return;
      }
      case 'close-stream':
        this.#streams.delete(effect.slot);
        return;
      case 'send-create':
        this.#streams.get(effect.slot)!.stream.create(effect.watchId, Number(effect.startRevision));
        return;
      case 'send-cancel':
        this.#streams.get(effect.slot)!.stream.cancel(effect.watchId);
        return;
      case 'arm-timer':
        if (effect.timer === 'reopen') this.#todo.push({ type: 'timer', timer: 'reopen', slot: effect.slot });
        return;
      case 'deliver':
        this.#deliver(effect.watcher, effect.events);
        return;
      case 'finish':
        this.deliveries.get(effect.watcher)!.finished = true;
        return;
      case 'ready':
      case 'interrupted':
      case 'resumed':
      case 'caught-up':
      case 'progress':
      case 'disarm-timer':
      case 'status':
      case 'send-progress':
      case 'send-probe':
      case 'refresh-token':
    }
  }

  #deliver(watcher: number, list: readonly WatchEvent[]): void {
    const delivered = this.deliveries.get(watcher)!;
    assert.equal(delivered.left, false, 'delivered after it left');
    assert.equal(delivered.finished, false, 'delivered after its end');
    delivered.batches.push(list);
    if (delivered.full || this.#random() > 0.1) return;
    delivered.full = true;
    this.pauses++;
    this.#todo.push({ type: 'buffer-full', watcher });
  }
}

function walk(options: WalkOptions): Walk {
  const run = new Walk(options);
  run.watch(1, 2);
  run.watch(2, Math.max(2, Math.floor(options.backlog / 2)));
  run.watch(3, undefined);
  for (let i = 0; i < options.steps; i++) run.step();
  run.settle();
  return run;
}

const name = ({ kv }: WatchEvent) => `${kv.modRevision}/${kv.key}`;

/** Asserts that each event of the log is delivered once and in order, and no revision is split. */
function assertDelivered(run: Walk, what: string): void {
  for (const [watcher, { from, batches, left, finished }] of run.deliveries) {
    assert.equal(finished, from === forbidden, `${what}, watcher ${watcher}`);
    if (left) continue;
    const expected = run.store.between(from, run.store.revision).map(name);
    assert.deepEqual(batches.flat().map(name), expected, `${what}, watcher ${watcher}`);
    for (let i = 1; i < batches.length; i++) {
      const before = batches[i - 1]!.at(-1)!.kv.modRevision;
      assert.ok(batches[i]![0]!.kv.modRevision > before, `${what}: revision ${before} was split`);
    }
  }
}

describe('a watch session on a server that cuts, repeats, fragments and refuses', () => {
  for (let k = 2; k <= 12; k++) {
    it(`delivers the whole log once when streams are cut after ${k} or more messages`, () => {
      const lifetime = (stream: number) => k + (stream % 7);
      const run = walk({ seed: k, backlog: 2_500, steps: 1_500, lifetime });
      assertDelivered(run, `k = ${k}`);
      assert.ok(
        run.cuts > 5 && run.pauses > 0 && run.repeats > 0,
        'the walk includes cuts, pauses and repeats',
      );
    });
  }

  it('delivers the whole log once on 300 random walks', () => {
    for (let seed = 100; seed < 400; seed++) {
      const random = randomFrom(seed * 7);
      const lifetime = () => 2 + Math.floor(random() * 30);
      const run = walk({ seed, backlog: Math.floor(random() * 40), steps: 300, lifetime });
      assertDelivered(run, `seed ${seed}`);
    }
  });

  it('delivers the whole log when the first five streams end right after created', () => {
    const lifetime = (stream: number) => (stream < 5 ? 1 : 1_000);
    const run = new Walk({ seed: 3, backlog: 2_500, steps: 0, lifetime });
    run.watch(1, 2);
    for (let i = 0; i < 600; i++) run.step();
    run.settle();
    // A watcher that moves to a dedicated stream has its old one closed, not cut.
    assert.ok(run.cuts >= 3, `cut ${run.cuts} times`);
    assertDelivered(run, 'cut after created');
  });
});
