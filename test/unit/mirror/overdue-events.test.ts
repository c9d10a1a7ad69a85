import assert from 'node:assert/strict';
import { OverdueEvents } from '#src/mirror/overdue-events.js';
import type { Watcher } from '#src/watch/index.js';

describe('overdue events of a watch', () => {
  const live = { live: true } as Watcher;
  let overdue: OverdueEvents;
  beforeEach(() => {
    overdue = new OverdueEvents();
  });

  it('are counted from the first read that misses them', () => {
    assert.equal(overdue.overdueMs(live, 7n, 1_000), 0);
    assert.equal(overdue.overdueMs(live, 7n, 1_100), 100);
    assert.equal(overdue.overdueMs(live, 7n, 9_000), 8_000);
  });

  it('are not counted while the view advances', () => {
    overdue.overdueMs(live, 7n, 1_000);
    assert.equal(overdue.overdueMs(live, 8n, 9_000), 0);
    assert.equal(overdue.overdueMs(undefined, 8n, 9_100), 0);
    assert.equal(overdue.overdueMs(live, 8n, 9_200), 0);
  });

  it('are counted only for a live watcher, and separately for each', () => {
    overdue.overdueMs(live, 7n, 1_000);
    assert.equal(overdue.overdueMs({ live: false } as Watcher, 7n, 2_000), 0);
    assert.equal(overdue.overdueMs(live, 7n, 3_000), 0);
    assert.equal(overdue.overdueMs({ live: true } as Watcher, 7n, 4_000), 0);
    overdue.overdueMs(undefined, 7n, 5_000);
    assert.equal(overdue.overdueMs(undefined, 7n, 6_000), 0);
  });
});
