import assert from 'node:assert/strict';
import { type BalanceOptions, type Traits, WeightedBalancer } from '#src/naming/balance/index.js';

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

  it('follows the weight of an endpoint that changes before every call', () => {
    const { balancer, endpoint, shares } = balanced({}, { a: {}, b: {} });
    let ofB = 0;
    for (let i = 0; i < 1_000; i++) {
      balancer.updateTraits(endpoint('b'), { ...endpoint('b').traits, weight: i % 2 ? 1 : 1.001 });
      ofB += shares(1)['b'] ?? 0;
    }
    assert.ok(Math.abs(ofB - 500) <= 2, `${ofB} of 1000`);
  });

  it('picks nothing when no endpoint is ready', () => {
    const { balancer, endpoint, shares } = balanced({}, { a: {} });
    assert.equal(balancer.isConnecting, false);
    balancer.setState(endpoint('a'), 'connecting');
    assert.equal(balancer.isConnecting, true);
    balancer.setState(endpoint('a'), 'failed');
    assert.deepEqual([balancer.hasReady, balancer.isConnecting], [false, false]);
    assert.deepEqual(shares(5), { none: 5 });
  });

  it('does not pick an endpoint that is still connecting', () => {
    const { balancer, shares } = balanced({}, {});
    const [a] = ['a', 'b'].map((name) => balancer.add(name, { weight: 1, zone: undefined, draining: false }));
    assert.equal(balancer.takeRepickRequest(), false);
    balancer.setState(a!, 'ready');
    assert.deepEqual([balancer.isStarting, balancer.isConnecting], [false, true]);
    assert.deepEqual(shares(10), { a: 10 });
  });

  it('picks nothing after its endpoints were removed, even one of them twice', () => {
    const { balancer, endpoint, shares } = balanced({}, { a: {}, b: {} });
    for (const name of ['a', 'b', 'b']) balancer.remove(endpoint(name));
    assert.equal(balancer.hasReady, false);
    assert.deepEqual(shares(5), { none: 5 });
    balancer.setState(balancer.add('c', { weight: 1, zone: undefined, draining: false }), 'ready');
    assert.equal(balancer.hasReady, true);
    assert.deepEqual(shares(5), { c: 5 });
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

    it('measures what its own zone has lost by weight, as the metadata says now', () => {
      const { balancer, endpoint, shares } = balanced(
        { zone: 'a' },
        { a1: { zone: 'a', weight: 4 }, a2: { zone: 'a', weight: 6 }, b: { zone: 'b' } },
      );
      balancer.updateTraits(endpoint('a1'), { weight: 2, zone: 'a', draining: false });
      balancer.setState(endpoint('a2'), 'failed');
      const { a1 = 0 } = shares();
      assert.ok(Math.abs(a1 - 350) <= 1, `${a1} of 1000 in a zone that has lost three of four`);
      balancer.remove(endpoint('a2'));
      assert.deepEqual(shares(), { a1: 1_000 });
    });

    it('ignores zones when it has none', () => {
      assert.deepEqual(balanced({}, { a: { zone: 'a' }, b: {} }).shares(), { a: 500, b: 500 });
    });

    it('ranks endpoints for connecting: its own zone, other zones, draining or without weight', () => {
      const { balancer } = balanced({ zone: 'a' }, {});
      const rank = (traits: Partial<Traits>) =>
        balancer.rank({ weight: 1, zone: 'a', draining: false, ...traits });
      assert.deepEqual(
        [rank({}), rank({ zone: 'b' }), rank({ draining: true }), rank({ weight: 0 })],
        [0, 1, 2, 2],
      );
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
      now = 7_000;
      const { balancer, shares } = balanced({ slowStartMs: 10_000 }, { a: {} });
      const endpoint = balancer.add('new', { weight: 1, zone: undefined, draining: false });
      balancer.setState(endpoint, 'ready', true);
      now += ms;
      balancer.setState(endpoint, 'ready', true); // reported again: no new slow start
      shares(100);
      return (shares()['new'] ?? 0) / 1_000;
    };

    it('starts at a tenth of its share', () => assert.ok(Math.abs(grown(0) - 1 / 11) < 0.01));
    it('grows with time', () => assert.ok(Math.abs(grown(5_000) - 1 / 3) < 0.01));
    it('reaches its full share', () => assert.ok(Math.abs(grown(10_000) - 1 / 2) < 0.01));
    it('never gets more than its full share', () => assert.ok(Math.abs(grown(90_000) - 1 / 2) < 0.01));
  });
});
