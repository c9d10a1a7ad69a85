import assert from 'node:assert/strict';
import { type BalanceOptions, type Traits, WeightedBalancer } from '#src/naming/balance/index.js';

/** A deterministic random source (mulberry32). */
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
  const balancer = new WeightedBalancer<string>(options, { now: () => 0, random });
  const endpointList = Object.entries(endpoints).map(([name, traits]) =>
    balancer.add(name, { weight: 1, zone: undefined, draining: false, ...traits }),
  );
  balancer.beginStart();
  const endpoint = (name: string) => endpointList.find(({ item }) => item === name)!;
  const ready = (...names: string[]) => {
    for (const name of names) balancer.setState(endpoint(name), 'ready');
  };
  /** Picks queued calls again, as grpc-js does with a new picker. Returns their endpoints, '-' for calls that stay queued. */
  const repick = (waiting: number) => {
    const reserved = balancer.reserved;
    return Array.from(
      { length: waiting },
      (_, i) => (i < reserved ? balancer.pickReserved() : balancer.pick())?.item ?? '-',
    );
  };
  return { balancer, endpoint, ready, repick };
}

const countOf = (names: readonly string[], name: string) => names.filter((one) => one === name).length;

describe('the balancer during the start', () => {
  for (const nth of [1, 2, 3, 4]) {
    it(`picks the endpoint of call ${nth} by weight, whichever connects first`, () => {
      let heavy = 0;
      const channels = 10_000;
      for (let i = 0; i < channels; i++) {
        const { balancer, ready, repick } = starting({ light: { weight: 1 }, heavy: { weight: 3 } });
        ready('light');
        let waiting = 0;
        const answers: string[] = [];
        for (let call = 1; call <= nth; call++) {
          const name = balancer.pick()?.item;
          if (name) answers[call] = name;
          else waiting = call;
        }
        if (balancer.reserved > 0) {
          ready('heavy');
          assert.deepEqual(new Set(repick(balancer.reserved)), new Set(['heavy']));
        }
        if (answers[nth] !== 'light' || waiting === nth) heavy++;
      }
      assert.ok(Math.abs(heavy / channels - 0.75) < 0.02, `${heavy} of ${channels}`);
    });
  }

  it('spreads a burst by weight, and queues each call until its endpoint is ready', () => {
    const { balancer, ready, repick } = starting({ a: { weight: 3 }, b: { weight: 1 } });
    ready('a');
    const first = Array.from({ length: 100 }, () => balancer.pick()?.item ?? '-');
    assert.ok(Math.abs(countOf(first, 'a') - 75) <= 2, first.join(''));
    const waiting = countOf(first, '-');
    assert.equal(balancer.reserved, waiting);
    assert.equal(countOf(repick(waiting), '-'), waiting, 'no call is given away while its endpoint connects');
    ready('b');
    assert.ok(balancer.takeRepickRequest());
    assert.equal(countOf(repick(waiting), 'b'), waiting);
    assert.equal(balancer.isStarting, false);
  });

  it('picks again for the calls of an endpoint that fails, drains or is removed', () => {
    for (const end of [
      (fixture: ReturnType<typeof starting>) => fixture.balancer.setState(fixture.endpoint('b'), 'failed'),
      ({ balancer, endpoint }: ReturnType<typeof starting>) => balancer.remove(endpoint('b')),
      ({ balancer, endpoint }: ReturnType<typeof starting>) =>
        balancer.updateTraits(endpoint('b'), { ...endpoint('b').traits, draining: true }),
    ]) {
      const fixture = starting({ a: {}, b: {} });
      fixture.ready('a');
      const first = Array.from({ length: 10 }, () => fixture.balancer.pick()?.item ?? '-');
      const waiting = countOf(first, '-');
      assert.equal(waiting, 5);
      end(fixture);
      assert.ok(fixture.balancer.takeRepickRequest());
      assert.equal(countOf(fixture.repick(waiting), 'a'), waiting);
    }
  });

  it('picks ready endpoints for queued calls once the start has ended', () => {
    const { balancer, ready, repick } = starting({ a: {}, b: {}, c: {} });
    ready('a');
    const waiting = countOf(
      Array.from({ length: 9 }, () => balancer.pick()?.item ?? '-'),
      '-',
    );
    assert.equal(waiting, 6);
    balancer.endStart();
    assert.ok(balancer.takeRepickRequest());
    assert.equal(countOf(repick(waiting), 'a'), waiting);
  });

  it('uses a tier only when no better one may become ready', () => {
    const classes = {
      near: { zone: 'x' },
      far: { zone: 'y' },
      draining: { zone: 'x', draining: true },
      zero: { zone: 'x', weight: 0 },
    };
    const { balancer, endpoint, ready } = starting(classes, { zone: 'x' });
    ready('draining', 'zero');
    assert.equal(balancer.hasReady, false);
    ready('far');
    assert.equal(balancer.hasReady, false);
    balancer.setState(endpoint('near'), 'failed');
    assert.equal(balancer.hasReady, true);
    assert.equal(balancer.pick()?.item, 'far');
    balancer.setState(endpoint('far'), 'failed');
    assert.ok(['draining', 'zero'].includes(balancer.pick()?.item ?? '-'));
  });

  it('continues in the next tier when the better one fails', () => {
    const { balancer, endpoint, ready } = starting(
      { near: { zone: 'x' }, far1: { zone: 'y' }, far2: { zone: 'y' } },
      { zone: 'x' },
    );
    ready('far1');
    balancer.setState(endpoint('near'), 'failed');
    assert.equal(balancer.isStarting, true);
    const names = Array.from({ length: 100 }, () => balancer.pick()?.item ?? '-');
    assert.deepEqual([countOf(names, 'far1'), countOf(names, '-')], [50, 50]);
  });

  it('can pick as soon as an endpoint of the best tier is ready', () => {
    const { balancer, ready } = starting({ a: {}, b: {} });
    assert.equal(balancer.hasReady, false);
    ready('a');
    assert.deepEqual([balancer.isStarting, balancer.hasReady], [true, true]);
  });

  it('ends when the only endpoint fails', () => {
    const { balancer, endpoint } = starting({ a: {} });
    balancer.setState(endpoint('a'), 'failed');
    assert.deepEqual([balancer.isStarting, balancer.hasReady], [false, false]);
    assert.equal(balancer.pick(), undefined);
  });

  it('asks to pick again only for calls whose endpoint is ready or lost, and once', () => {
    const { balancer, endpoint, ready } = starting({ a: {}, b: {} });
    for (let i = 0; i < 2; i++) assert.equal(balancer.pick(), undefined);
    assert.equal(balancer.takeRepickRequest(), false);
    ready('a');
    assert.equal(balancer.takeRepickRequest(), true);
    assert.equal(balancer.pickReserved()?.item, 'a');
    assert.equal(balancer.takeRepickRequest(), false);
    balancer.setState(endpoint('b'), 'failed');
    assert.deepEqual([balancer.takeRepickRequest(), balancer.takeRepickRequest()], [true, false]);
  });

  it('gives turns to endpoints that are added or connect again meanwhile', () => {
    const { balancer, endpoint, ready } = starting({ a: {}, b: {}, c: {} });
    ready('a');
    balancer.setState(endpoint('b'), 'failed');
    balancer.setState(endpoint('b'), 'connecting');
    balancer.add('d', { weight: 1, zone: undefined, draining: false });
    const names = Array.from({ length: 100 }, () => balancer.pick()?.item ?? '-');
    assert.ok(Math.abs(countOf(names, '-') - 75) <= 3, names.join(''));
  });

  it('gives no turn to an endpoint that had failed before', () => {
    const balancer = new WeightedBalancer<string>({}, { now: () => 0, random });
    const [a, b] = ['a', 'b'].map((name) =>
      balancer.add(name, { weight: 1, zone: undefined, draining: false }),
    );
    balancer.setState(b!, 'failed');
    balancer.beginStart();
    for (let i = 0; i < 10; i++) balancer.pick();
    balancer.setState(a!, 'ready');
    const names = Array.from({ length: 10 }, () => balancer.pickReserved()?.item ?? '-');
    assert.equal(countOf(names, 'a'), 10);
  });

  it('keeps the turns that are reserved when the metadata of their endpoint changes', () => {
    const { balancer, endpoint, ready } = starting({ a: {}, b: {} });
    for (let i = 0; i < 10; i++) balancer.pick();
    balancer.updateTraits(endpoint('b'), { ...endpoint('b').traits, weight: 2 });
    assert.equal(balancer.reserved, 10);
    ready('b');
    assert.equal(balancer.pickReserved()?.item, 'b');
  });

  it('does not use another zone while the local one connects', () => {
    const near = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`near${i}`, { zone: 'x' }]));
    const { balancer, ready } = starting({ ...near, far: { zone: 'y' } }, { zone: 'x' });
    ready('far', 'near0');
    const names = Array.from({ length: 100 }, () => balancer.pick()?.item ?? '-');
    assert.deepEqual([countOf(names, 'near0'), countOf(names, '-')], [25, 75]);
  });

  it('uses any ready endpoint after the start, of lesser tiers too', () => {
    const { balancer, ready } = starting({ a: {}, draining: { draining: true } });
    balancer.endStart();
    assert.equal(balancer.hasReady, false);
    ready('draining');
    assert.equal(balancer.hasReady, true);
    assert.equal(balancer.pick()?.item, 'draining');
  });
});
