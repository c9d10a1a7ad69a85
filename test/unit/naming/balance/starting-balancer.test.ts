import assert from 'node:assert/strict';
import { type BalanceOptions, type Traits, WeightedBalancer } from '#src/naming/balance/index.js';

/** Random numbers that can be repeated (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seeded(1);

function starting(endpoints: Record<string, Partial<Traits>>, options: BalanceOptions = {}) {
  const balance = new WeightedBalancer<string>(options, { now: () => 0, random });
  const seats = Object.entries(endpoints).map(([name, traits]) =>
    balance.add(name, { weight: 1, zone: undefined, draining: false, ...traits }),
  );
  balance.beginStart();
  const seat = (name: string) => seats.find(({ item }) => item === name)!;
  const ready = (...names: string[]) => {
    for (const name of names) balance.setState(seat(name), 'ready');
  };
  /** As grpc-js does after news: those that wait ask again. Returns where they went, '-' for those that wait on. */
  const askAgain = (waiting: number) => {
    const haveTurns = balance.reserved;
    return Array.from(
      { length: waiting },
      (_, i) => (i < haveTurns ? balance.pickReserved() : balance.pick())?.item ?? '-',
    );
  };
  return { balance, seat, ready, askAgain };
}

const countOf = (names: readonly string[], name: string) => names.filter((one) => one === name).length;

describe('the balance of a channel that starts', () => {
  for (const nth of [1, 2, 3, 4]) {
    it(`gives call ${nth} by weight, whichever connects first`, () => {
      let heavy = 0;
      const channels = 10_000;
      for (let i = 0; i < channels; i++) {
        const { balance, ready, askAgain } = starting({ light: { weight: 1 }, heavy: { weight: 3 } });
        ready('light');
        let waiting = 0;
        const answers: string[] = [];
        for (let call = 1; call <= nth; call++) {
          const name = balance.pick()?.item;
          if (name) answers[call] = name;
          else waiting = call;
        }
        if (balance.reserved > 0) {
          ready('heavy');
          assert.deepEqual(new Set(askAgain(balance.reserved)), new Set(['heavy']));
        }
        if (answers[nth] !== 'light' || waiting === nth) heavy++;
      }
      assert.ok(Math.abs(heavy / channels - 0.75) < 0.02, `${heavy} of ${channels}`);
    });
  }

  it('spreads a burst by weight, each call waiting for its endpoint', () => {
    const { balance, ready, askAgain } = starting({ a: { weight: 3 }, b: { weight: 1 } });
    ready('a');
    const first = Array.from({ length: 100 }, () => balance.pick()?.item ?? '-');
    assert.ok(Math.abs(countOf(first, 'a') - 75) <= 2, first.join(''));
    const waiting = countOf(first, '-');
    assert.equal(balance.reserved, waiting);
    assert.equal(
      countOf(askAgain(waiting), '-'),
      waiting,
      'no call is given away while its endpoint connects',
    );
    ready('b');
    assert.ok(balance.takeRepickRequest());
    assert.equal(countOf(askAgain(waiting), 'b'), waiting);
    assert.equal(balance.isStarting, false);
  });

  it('gives another turn to the calls of an endpoint that fails, drains, or goes', () => {
    for (const end of [
      (scene: ReturnType<typeof starting>) => scene.balance.setState(scene.seat('b'), 'failed'),
      ({ balance, seat }: ReturnType<typeof starting>) => balance.remove(seat('b')),
      ({ balance, seat }: ReturnType<typeof starting>) =>
        balance.updateTraits(seat('b'), { ...seat('b').traits, draining: true }),
    ]) {
      const scene = starting({ a: {}, b: {} });
      scene.ready('a');
      const first = Array.from({ length: 10 }, () => scene.balance.pick()?.item ?? '-');
      const waiting = countOf(first, '-');
      assert.equal(waiting, 5);
      end(scene);
      assert.ok(scene.balance.takeRepickRequest());
      assert.equal(countOf(scene.askAgain(waiting), 'a'), waiting);
    }
  });

  it('gives them to those that are connected once it has waited long enough', () => {
    const { balance, ready, askAgain } = starting({ a: {}, b: {}, c: {} });
    ready('a');
    const waiting = countOf(
      Array.from({ length: 9 }, () => balance.pick()?.item ?? '-'),
      '-',
    );
    assert.equal(waiting, 6);
    balance.endStart();
    assert.ok(balance.takeRepickRequest());
    assert.equal(countOf(askAgain(waiting), 'a'), waiting);
  });

  it('leaves lesser classes alone while a better one may connect, and takes them class by class', () => {
    const classes = {
      near: { zone: 'x' },
      far: { zone: 'y' },
      draining: { zone: 'x', draining: true },
      zero: { zone: 'x', weight: 0 },
    };
    const { balance, seat, ready } = starting(classes, { zone: 'x' });
    ready('draining', 'zero');
    assert.equal(balance.hasReady, false);
    ready('far');
    assert.equal(balance.hasReady, false);
    balance.setState(seat('near'), 'failed');
    assert.equal(balance.hasReady, true);
    assert.equal(balance.pick()?.item, 'far');
    balance.setState(seat('far'), 'failed');
    assert.ok(['draining', 'zero'].includes(balance.pick()?.item ?? '-'));
  });

  it('does not spill into another zone while its own connects', () => {
    const near = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`near${i}`, { zone: 'x' }]));
    const { balance, ready } = starting({ ...near, far: { zone: 'y' } }, { zone: 'x' });
    ready('far', 'near0');
    const names = Array.from({ length: 100 }, () => balance.pick()?.item ?? '-');
    assert.deepEqual([countOf(names, 'near0'), countOf(names, '-')], [25, 75]);
  });

  it('is open to any that connects once it has waited long enough for all of the best class', () => {
    const { balance, ready } = starting({ a: {}, draining: { draining: true } });
    balance.endStart();
    assert.equal(balance.hasReady, false);
    ready('draining');
    assert.equal(balance.hasReady, true);
    assert.equal(balance.pick()?.item, 'draining');
  });
});
