import assert from 'node:assert/strict';
import { checkBalance, combineTraits, readTraits, type Traits } from '#src/naming/balance/index.js';

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
    { weight: '3', zone: '' },
    { weight: null },
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

describe('the traits of two records with one address', () => {
  const traits = (some: Partial<Traits>): Traits => ({
    weight: 1,
    zone: undefined,
    draining: false,
    ...some,
  });

  it('add up their weights, up to the limit of one', () => {
    assert.equal(combineTraits(traits({ weight: 2 }), traits({ weight: 3 })).weight, 5);
    assert.equal(combineTraits(traits({ weight: 9_000 }), traits({ weight: 9_000 })).weight, 10_000);
  });

  it('have the zone of the first that has one', () => {
    const [a, b, none] = [traits({ zone: 'a' }), traits({ zone: 'b' }), traits({})];
    assert.deepEqual(
      [combineTraits(a, b), combineTraits(none, b), combineTraits(none, none)].map(({ zone }) => zone),
      ['a', 'b', undefined],
    );
  });

  it('drain only if both drain; otherwise the draining one does not count', () => {
    const [live, draining] = [traits({ weight: 2, zone: 'a' }), traits({ weight: 3, draining: true })];
    assert.deepEqual(combineTraits(live, draining), live);
    assert.deepEqual(combineTraits(draining, live), live);
    assert.deepEqual(combineTraits(draining, draining), traits({ weight: 6, draining: true }));
  });
});

describe('the options of the policy', () => {
  it('are checked', () => {
    checkBalance({ zone: 'a', slowStartMs: 1_000, firstCallWaitMs: 0 }, 'policy');
    for (const [options, name] of [
      [{ zone: 5 }, /zone/],
      [{ slowStartMs: -1 }, /slowStartMs/],
      [{ firstCallWaitMs: Number.NaN }, /firstCallWaitMs/],
    ] as const)
      assert.throws(() => checkBalance(options as object, 'policy'), name);
  });
});
