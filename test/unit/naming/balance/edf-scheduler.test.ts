import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EdfScheduler } from '#src/naming/balance/edf-scheduler.js';

const turn = (name: string, weight: number) => ({ name, weight: () => weight });
type Named = ReturnType<typeof turn>;

const take = (scheduler: EdfScheduler<Named>, count: number) =>
  Array.from({ length: count }, () => scheduler.next()?.name ?? '-');

/** A deterministic random source. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe('a scheduler of weighted turns', () => {
  it('returns nothing without items', () => {
    assert.equal(new EdfScheduler<Named>(() => 0).next(), undefined);
  });

  it('spreads the turns of each item among those of the others', () => {
    const scheduler = new EdfScheduler<Named>(() => 0.5);
    for (const one of [turn('a', 5), turn('b', 1), turn('c', 1)]) scheduler.add(one);
    take(scheduler, 7);
    const text = take(scheduler, 700).join('');
    assert.ok(!/a{7}/.test(text) && !/bb|cc/.test(text), text.slice(0, 80));
  });

  it('gives each item its share, exact to one turn, for any weights', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        (weights, seed) => {
          const scheduler = new EdfScheduler<Named>(seeded(seed));
          const turns = weights.map((weight, i) => turn(String(i), weight));
          for (const one of turns) scheduler.add(one);
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          const counts = new Map<string, number>();
          for (const name of take(scheduler, 10 * total)) counts.set(name, (counts.get(name) ?? 0) + 1);
          for (const [i, weight] of weights.entries()) {
            const got = counts.get(String(i)) ?? 0;
            assert.ok(
              Math.abs(got - 10 * weight) <= 1,
              `${got} turns of weight ${weight}, not ${10 * weight}`,
            );
          }
        },
      ),
    );
  });

  it('keeps the order of the others when an item is added or removed', () => {
    const scheduler = new EdfScheduler<Named>(seeded(7));
    const some = ['a', 'b', 'c', 'd'].map((name) => turn(name, 1));
    for (const one of some) scheduler.add(one);
    const round = take(scheduler, 4);
    const guest = turn('x', 1);
    scheduler.add(guest);
    assert.deepEqual(
      take(scheduler, 5).filter((name) => name !== 'x'),
      round,
    );
    scheduler.remove(guest);
    assert.deepEqual(take(scheduler, 4), round);
  });

  it('gives a new item its share from now on, without the turns before', () => {
    const scheduler = new EdfScheduler<Named>(seeded(3));
    scheduler.add(turn('a', 1));
    take(scheduler, 1_000);
    scheduler.add(turn('b', 1));
    const names = take(scheduler, 20);
    assert.ok(Math.abs(names.filter((name) => name === 'b').length - 10) <= 1, names.join(''));
  });

  it('follows a changed weight', () => {
    const scheduler = new EdfScheduler<{ name: string; weight(): number }>(seeded(5));
    let weight = 1;
    scheduler.add({ name: 'a', weight: () => 1 });
    scheduler.add({ name: 'b', weight: () => weight });
    weight = 3;
    for (let i = 0; i < 10; i++) scheduler.next();
    const names = Array.from({ length: 400 }, () => scheduler.next()?.name);
    assert.ok(Math.abs(names.filter((name) => name === 'b').length - 300) <= 1);
  });

  it('does not let an item of a tiny weight wait for its old deadline when the weight grows', () => {
    const scheduler = new EdfScheduler<{ name: string; weight(): number }>(seeded(9));
    let weight = 0.001;
    const canary = { name: 'canary', weight: () => weight };
    scheduler.add({ name: 'a', weight: () => 1 });
    scheduler.add(canary);
    for (let i = 0; i < 3; i++) scheduler.next();
    weight = 1;
    scheduler.updateWeight(canary);
    const names = Array.from({ length: 20 }, () => scheduler.next()?.name);
    assert.ok(Math.abs(names.filter((name) => name === 'canary').length - 10) <= 1, names.join());
  });

  it('keeps the shares after a long time', () => {
    const scheduler = new EdfScheduler<Named>(seeded(11));
    scheduler.add(turn('slow', 1e-13));
    for (let i = 0; i < 25; i++) scheduler.next(); // 2.5e14 of its virtual time
    scheduler.add(turn('a', 10_000));
    scheduler.add(turn('b', 5_000));
    const names = take(scheduler, 3_000);
    assert.ok(Math.abs(names.filter((name) => name === 'a').length - 2_000) <= 2);
  });

  it('keeps the shares of old and new items after a long time', () => {
    const scheduler = new EdfScheduler<Named>(() => 0.5);
    let weight = 1e-9;
    const old = ['x', 'y'].map((name) => ({ name, weight: () => weight }));
    for (const one of old) scheduler.add(one);
    take(scheduler, 5);
    weight = 1;
    for (const one of old) scheduler.updateWeight(one);
    scheduler.add(turn('new', 1));
    const names = take(scheduler, 30);
    for (const name of ['x', 'y', 'new'])
      assert.ok(Math.abs(names.filter((one) => one === name).length - 10) <= 1, names.join());
  });

  it('scales the wait for the next turn when a weight changes', () => {
    for (const [changed, turns] of [
      [2, 5],
      [0.5, 20],
    ] as const) {
      const scheduler = new EdfScheduler<Named>(seeded(13));
      let weight = 1;
      const one = { name: 'b', weight: () => weight };
      scheduler.add(turn('a', 10));
      scheduler.add(one);
      take(scheduler, 1_000);
      while (scheduler.next() !== one);
      weight = changed;
      scheduler.updateWeight(one);
      const wait = take(scheduler, 100).indexOf('b');
      assert.ok(Math.abs(wait - turns) <= 1, `${wait} turns`);
    }
  });

  it('ignores a changed weight of an item that has no turns', () => {
    const scheduler = new EdfScheduler<Named>(seeded(1));
    scheduler.updateWeight(turn('a', 1));
    assert.equal(scheduler.next(), undefined);
  });

  it('spreads the first turns of many new items over a round', () => {
    const scheduler = new EdfScheduler<Named>(seeded(15));
    const add = (kind: string) => {
      for (let i = 0; i < 100; i++) scheduler.add(turn(kind, 1));
    };
    add('old');
    take(scheduler, 250);
    add('new');
    const ofNew = take(scheduler, 100).filter((name) => name === 'new').length;
    assert.ok(ofNew > 35 && ofNew < 65, `${ofNew} of 100`);
  });

  it('gives each of many equal items one turn per round, in the same order from the first round on', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const scheduler = new EdfScheduler<Named>(seeded(seed));
      for (let i = 0; i < 20; i++) scheduler.add(turn(String(i), 1));
      const round = take(scheduler, 20);
      assert.equal(new Set(round).size, 20);
      for (let i = 0; i < 5; i++) assert.deepEqual(take(scheduler, 20), round);
    }
  });

  it('draws the first turn by weight, also after all items were removed', () => {
    const random = seeded(17);
    const rounds = 4_000;
    let heavy = 0;
    for (let i = 0; i < rounds; i++) {
      const scheduler = new EdfScheduler<Named>(random);
      const items = [turn('light', 1), turn('heavy', 3)];
      for (const one of items) scheduler.add(one);
      scheduler.next();
      for (const one of items) scheduler.remove(one);
      for (const one of items) scheduler.add(one);
      if (scheduler.next()?.name === 'heavy') heavy++;
    }
    assert.ok(Math.abs(heavy / rounds - 0.75) < 0.03, `${heavy} of ${rounds}`);
  });

  it('keeps its order through any additions and removals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 19 }), fc.boolean()), { maxLength: 200 }),
        (steps) => {
          const scheduler = new EdfScheduler<Named>(seeded(1));
          const turns = Array.from({ length: 20 }, (_, i) => turn(String(i), 1 + (i % 4)));
          const inside = new Set<Named>();
          for (const [i, add] of steps) {
            const one = turns[i]!;
            if (add) {
              scheduler.add(one);
              inside.add(one);
            } else {
              scheduler.remove(one);
              inside.delete(one);
            }
            assert.equal(scheduler.size, inside.size);
            const next = scheduler.next();
            assert.ok(next === undefined ? inside.size === 0 : inside.has(next));
          }
          const weight = [...inside].reduce((sum, one) => sum + one.weight(), 0);
          const seen = new Set(take(scheduler, 4 * weight));
          for (const one of inside) assert.ok(seen.has(one.name), `${one.name} got no turn`);
        },
      ),
    );
  });
});
