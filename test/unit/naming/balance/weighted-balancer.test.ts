import assert from 'node:assert/strict';
import {
  type BalanceOptions,
  readTraits,
  selectSubset,
  type Traits,
  WeightedBalancer,
} from '#src/naming/balance/index.js';

let now = 0;
const ports = { now: () => now, random: () => 0.5 };

function balanced(options: BalanceOptions, endpoints: Record<string, Partial<Traits>>) {
  const balancer = new WeightedBalancer<string>(options, ports);
  const endpointList = Object.entries(endpoints).map(([name, traits]) => {
    const endpoint = balancer.add(name, { weight: 1, zone: undefined, draining: false, ...traits });
    balancer.setState(endpoint, 'ready');
    return endpoint;
  });
  const endpoint = (name: string) => endpointList.find(({ item }) => item === name)!;
  const shares = (picks = 1_000) => {
    const counts: Record<string, number> = {};
    for (let i = 0; i < picks; i++) {
      const name = balancer.pick()?.item ?? 'none';
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  return { balancer, endpoint, shares };
}

describe('the balancer between endpoints', () => {
  it('picks by weight', () => {
    const { shares } = balanced({}, { a: { weight: 3 }, b: {} });
    assert.deepEqual(shares(), { a: 750, b: 250 });
  });

  it('follows a changed weight', () => {
    const { balancer, endpoint, shares } = balanced({}, { a: {}, b: {} });
    balancer.updateTraits(endpoint('a'), { ...endpoint('a').traits, weight: 4 });
    const { a = 0 } = shares();
    assert.ok(Math.abs(a - 800) <= 1);
  });

  it('picks nothing when no endpoint is ready', () => {
    const { balancer, endpoint, shares } = balanced({}, { a: {} });
    balancer.setState(endpoint('a'), 'failed');
    assert.deepEqual(shares(5), { none: 5 });
  });

  describe('with draining endpoints', () => {
    it('picks them only when there are no others', () => {
      const { balancer, endpoint, shares } = balanced({}, { a: {}, b: { draining: true }, c: { weight: 0 } });
      assert.deepEqual(shares(), { a: 1_000 });
      balancer.updateTraits(endpoint('a'), { ...endpoint('a').traits, draining: true });
      const { a = 0, b = 0, c = 0 } = shares(900);
      assert.deepEqual([a, b, c], [300, 300, 300]);
    });
  });

  describe('with zones', () => {
    const zones = {
      a1: { zone: 'a' },
      a2: { zone: 'a' },
      a3: { zone: 'a' },
      a4: { zone: 'a' },
      b: { zone: 'b' },
    };

    it('stays in its own zone', () => {
      const { b = 0 } = balanced({ zone: 'a' }, zones).shares();
      assert.equal(b, 0);
    });

    it('stays in its own zone while the zone has lost at most two sevenths of its weight', () => {
      const { balancer, endpoint, shares } = balanced({ zone: 'a' }, zones);
      balancer.setState(endpoint('a1'), 'failed');
      assert.equal(shares()['b'], undefined);
    });

    it('uses other zones for the calls that its own zone cannot take, and returns to its own zone', () => {
      const { balancer, endpoint, shares } = balanced({ zone: 'a' }, zones);
      for (const name of ['a1', 'a2', 'a3']) balancer.setState(endpoint(name), 'failed');
      const { a4 = 0 } = shares();
      assert.ok(Math.abs(a4 - 350) <= 1, `${a4} of 1000 in a zone that has lost three of four`);
      balancer.setState(endpoint('a4'), 'failed');
      assert.deepEqual(shares(), { b: 1_000 });
      for (const name of ['a1', 'a2', 'a3', 'a4']) balancer.setState(endpoint(name), 'ready');
      assert.equal(shares()['b'], undefined);
    });

    it('uses all zones when its own has no endpoint', () => {
      assert.deepEqual(balanced({ zone: 'z' }, { a: { zone: 'a' }, b: {} }).shares(), { a: 500, b: 500 });
    });

    it('does not wait for draining endpoints of its own zone', () => {
      const { balancer, endpoint, shares } = balanced(
        { zone: 'a' },
        { a1: { zone: 'a' }, a2: { zone: 'a' }, b: { zone: 'b' } },
      );
      balancer.updateTraits(endpoint('a1'), { ...endpoint('a1').traits, draining: true });
      assert.deepEqual(shares(), { a2: 1_000 });
    });
  });

  describe('with a new endpoint', () => {
    const grown = (ms: number) => {
      now = 0;
      const { balancer, shares } = balanced({ slowStartMs: 10_000 }, { a: {} });
      const endpoint = balancer.add('new', { weight: 1, zone: undefined, draining: false });
      balancer.setState(endpoint, 'ready', true);
      now = ms;
      shares(100);
      return (shares()['new'] ?? 0) / 1_000;
    };

    it('starts at a tenth of its share', () => assert.ok(Math.abs(grown(0) - 1 / 11) < 0.01));
    it('grows with time', () => assert.ok(Math.abs(grown(5_000) - 1 / 3) < 0.01));
    it('reaches its full share', () => assert.ok(Math.abs(grown(10_000) - 1 / 2) < 0.01));
  });
});

describe('the traits of an endpoint', () => {
  it('are read from metadata', () => {
    assert.deepEqual(readTraits({ weight: 3, zone: 'a', status: 'draining' }), {
      weight: 3,
      zone: 'a',
      draining: true,
    });
  });

  for (const metadata of [
    undefined,
    null,
    'x',
    5,
    [],
    {},
    { weight: -1 },
    { weight: 'heavy', zone: 5, status: 1 },
  ]) {
    it(`are the defaults for ${JSON.stringify(metadata)}`, () => {
      assert.deepEqual(readTraits(metadata), { weight: 1, zone: undefined, draining: false });
    });
  }

  it('have a weight of 0, or of at least a thousandth', () => {
    assert.equal(readTraits({ weight: 0 }).weight, 0);
    assert.equal(readTraits({ weight: 1e-12 }).weight, 0.001);
  });

  it('have a weight of at most 10,000', () => {
    assert.equal(readTraits({ weight: 1e300 }).weight, 10_000);
  });
});

describe('a subset of a large service', () => {
  const all = Array.from({ length: 300 }, (_, i) => `10.0.0.${i}`);
  const of = (items: readonly string[], seed: string, size = 20) =>
    selectSubset(items, (item) => item, { size, seed });

  it('is stable for a process, and differs between processes', () => {
    assert.deepEqual(of(all, 'me'), of([...all], 'me'));
    assert.notDeepEqual(of(all, 'me'), of(all, 'you'));
  });

  it('contains all items when there are no more', () =>
    assert.deepEqual(of(all.slice(0, 5), 'me'), all.slice(0, 5)));

  it('changes by one item when one of its items is removed, and not when another is', () => {
    const mine = of(all, 'me');
    const less = of(
      all.filter((item) => item !== mine[3]),
      'me',
    );
    assert.equal(less.filter((item) => mine.includes(item)).length, 19);
    const other = all.find((item) => !mine.includes(item));
    assert.deepEqual(
      of(
        all.filter((item) => item !== other),
        'me',
      ),
      mine,
    );
  });

  it('gives every endpoint about the same number of callers', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 1_500; i++)
      for (const item of of(all, `p${i}`)) counts.set(item, (counts.get(item) ?? 0) + 1);
    const figures = all.map((item) => counts.get(item) ?? 0);
    assert.ok(
      Math.min(...figures) > 50 && Math.max(...figures) < 160,
      `${Math.min(...figures)} to ${Math.max(...figures)}`,
    );
  });
});
