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
    scheduler.add(turn('slow', 1e-8));
    for (let i = 0; i < 25; i++) scheduler.next(); // 2.5e9 of its virtual time
    scheduler.add(turn('a', 10_000));
    scheduler.add(turn('b', 5_000));
    const names = take(scheduler, 3_000);
    assert.ok(Math.abs(names.filter((name) => name === 'a').length - 2_000) <= 2);
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
