import assert from 'node:assert/strict';
import { Bench, brief, events, puts, statuses } from './builders.js';

describe('a server that sends old events again', () => {
  it('is reported in the status, with the number of events that were not delivered', () => {
    const bench = new Bench().live();
    bench.reply(1_000, events(puts(3, 4)));
    const again = bench.reply(1_000, events(puts(2, 3, 4, 5)));
    assert.equal(brief(again), 'deliver 1: 5');
    assert.deepEqual(statuses(again), [{ type: 'duplicates-dropped', slot: 1, events: 3 }]);
    assert.deepEqual(statuses(bench.reply(1_000, events(puts(6)))), []);
  });
});
