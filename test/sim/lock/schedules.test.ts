import assert from 'node:assert/strict';
import { Coverage } from './coverage.js';
import { runSeed } from './run.js';

describe('the simulation of locks', () => {
  it('finds no violation in the acquisition core in 1,000 schedules', () => {
    const coverage = new Coverage();
    for (let seed = 1; seed <= 1_000; seed++) {
      const { violation, hits } = runSeed(seed);
      assert.equal(violation, undefined, `npm run sim:lock -- --replay ${seed}`);
      coverage.add(hits);
    }
    // Rare combinations need a longer campaign, but most must occur here; otherwise the schedules do too little.
    assert.ok(coverage.uncovered.length < 15, `never seen: ${coverage.uncovered.join('; ')}`);
  }).timeout(60_000);

  it('repeats the same run for the same seed, with or without a trace', () => {
    for (let seed = 1; seed <= 60; seed++) assert.equal(runSeed(seed).hash, runSeed(seed, true).hash);
    assert.notEqual(runSeed(1).hash, runSeed(2).hash);
  }).timeout(20_000);
});
