import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EdfScheduler } from '#src/naming/balance/edf-scheduler.js';

const turn = (name: string, weight: number) => ({ name, weight: () => weight });
type Named = ReturnType<typeof turn>;

const take = (schedule: EdfScheduler<Named>, count: number) =>
  Array.from({ length: count }, () => schedule.next()?.name ?? '-');

/** A chance that can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe('a schedule of weighted turns', () => {
  it('has nobody when nobody is in it', () => {
    assert.equal(new EdfScheduler<Named>(() => 0).next(), undefined);
  });

  it('spreads the turns of each among those of the others', () => {
    const schedule = new EdfScheduler<Named>(() => 0.5);
    for (const one of [turn('a', 5), turn('b', 1), turn('c', 1)]) schedule.add(one);
    take(schedule, 7);
    const text = take(schedule, 700).join('');
    assert.ok(!/a{7}/.test(text) && !/bb|cc/.test(text), text.slice(0, 80));
  });

  it('gives each its share, to the turn, whatever the weights', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        (weights, seed) => {
          const schedule = new EdfScheduler<Named>(seeded(seed));
          const turns = weights.map((weight, i) => turn(String(i), weight));
          for (const one of turns) schedule.add(one);
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          const counts = new Map<string, number>();
          for (const name of take(schedule, 10 * total)) counts.set(name, (counts.get(name) ?? 0) + 1);
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

  it('leaves the turns of the others alone when one comes or goes', () => {
    const schedule = new EdfScheduler<Named>(seeded(7));
    const some = ['a', 'b', 'c', 'd'].map((name) => turn(name, 1));
    for (const one of some) schedule.add(one);
    const round = take(schedule, 4);
    const guest = turn('x', 1);
    schedule.add(guest);
    assert.deepEqual(
      take(schedule, 5).filter((name) => name !== 'x'),
      round,
    );
    schedule.remove(guest);
    assert.deepEqual(take(schedule, 4), round);
  });

  it('gives a newcomer its share from now on, not what it has missed', () => {
    const schedule = new EdfScheduler<Named>(seeded(3));
    schedule.add(turn('a', 1));
    take(schedule, 1_000);
    schedule.add(turn('b', 1));
    const names = take(schedule, 20);
    assert.ok(Math.abs(names.filter((name) => name === 'b').length - 10) <= 1, names.join(''));
  });

  it('follows a weight that changes', () => {
    const schedule = new EdfScheduler<{ name: string; weight(): number }>(seeded(5));
    let weight = 1;
    schedule.add({ name: 'a', weight: () => 1 });
    schedule.add({ name: 'b', weight: () => weight });
    weight = 3;
    for (let i = 0; i < 10; i++) schedule.next();
    const names = Array.from({ length: 400 }, () => schedule.next()?.name);
    assert.ok(Math.abs(names.filter((name) => name === 'b').length - 300) <= 1);
  });

  it('does not let one that was tiny wait for ages once it weighs more', () => {
    const schedule = new EdfScheduler<{ name: string; weight(): number }>(seeded(9));
    let weight = 0.001;
    const canary = { name: 'canary', weight: () => weight };
    schedule.add({ name: 'a', weight: () => 1 });
    schedule.add(canary);
    for (let i = 0; i < 3; i++) schedule.next();
    weight = 1;
    schedule.updateWeight(canary);
    const names = Array.from({ length: 20 }, () => schedule.next()?.name);
    assert.ok(Math.abs(names.filter((name) => name === 'canary').length - 10) <= 1, names.join());
  });

  it('keeps its shares after very long', () => {
    const schedule = new EdfScheduler<Named>(seeded(11));
    schedule.add(turn('slow', 1e-8));
    for (let i = 0; i < 25; i++) schedule.next(); // 2.5e9 of its time
    schedule.add(turn('a', 10_000));
    schedule.add(turn('b', 5_000));
    const names = take(schedule, 3_000);
    assert.ok(Math.abs(names.filter((name) => name === 'a').length - 2_000) <= 2);
  });

  it('stays in order through any coming and going', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 19 }), fc.boolean()), { maxLength: 200 }),
        (steps) => {
          const schedule = new EdfScheduler<Named>(seeded(1));
          const turns = Array.from({ length: 20 }, (_, i) => turn(String(i), 1 + (i % 4)));
          const inside = new Set<Named>();
          for (const [i, add] of steps) {
            const one = turns[i]!;
            if (add) {
              schedule.add(one);
              inside.add(one);
            } else {
              schedule.remove(one);
              inside.delete(one);
            }
            assert.equal(schedule.size, inside.size);
            const next = schedule.next();
            assert.ok(next === undefined ? inside.size === 0 : inside.has(next));
          }
          const weight = [...inside].reduce((sum, one) => sum + one.weight(), 0);
          const seen = new Set(take(schedule, 4 * weight));
          for (const one of inside) assert.ok(seen.has(one.name), `${one.name} got no turn`);
        },
      ),
    );
  });
});
