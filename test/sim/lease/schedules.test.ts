import assert from 'node:assert/strict';
import { Coverage } from './coverage.js';
import { runSeed } from './run.js';

describe('the lease simulation', () => {
  it('finds no violation in 2,000 schedules', () => {
    const coverage = new Coverage();
    for (let seed = 1; seed <= 2_000; seed++) {
      const { violation, hits } = runSeed(seed);
      assert.equal(violation, undefined, `npm run sim:lease -- --replay ${seed}`);
      coverage.add(hits);
    }
    // Rare combinations need a longer campaign. Most must occur here; otherwise the schedules no longer inject faults.
    assert.ok(coverage.uncovered.length < 6, `never hit: ${coverage.uncovered.join('; ')}`);
  }).timeout(60_000);

  it('is deterministic for a seed, with and without a trace', () => {
    for (let seed = 1; seed <= 60; seed++) assert.equal(runSeed(seed).hash, runSeed(seed, true).hash);
    assert.notEqual(runSeed(1).hash, runSeed(2).hash);
  }).timeout(20_000);
});
