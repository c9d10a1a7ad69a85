import assert from 'node:assert/strict';
import { checkLossProtection, withDefaults } from '#src/naming/directory/loss/options.js';

describe('the options of loss protection', () => {
  it('have defaults that fit the TTL of a registration', () => {
    assert.deepEqual(withDefaults(), {
      protectionMs: 10_000,
      lossThreshold: 1,
      includeLive: false,
      readIntervalMs: 10_000 / 3,
    });
  });

  it('derive the read interval from a shorter protection time, not from a longer one: leases last no longer', () => {
    assert.equal(withDefaults({ protectionMs: 3_000 }).readIntervalMs, 1_000);
    assert.equal(withDefaults({ protectionMs: 60_000 }).readIntervalMs, 10_000 / 3);
    assert.equal(withDefaults({ protectionMs: 3_000, readIntervalMs: 5 }).readIntervalMs, 5);
  });

  it('accept a threshold above 0 and up to 1', () => {
    for (const lossThreshold of [0.001, 1]) checkLossProtection({ lossThreshold });
    for (const lossThreshold of [0, 1.001, -1, Number.NaN])
      assert.throws(() => checkLossProtection({ lossThreshold }), /lossThreshold/);
    assert.throws(() => checkLossProtection({ lossThreshold: 2 }), /above 0 and at most 1/);
  });
});
