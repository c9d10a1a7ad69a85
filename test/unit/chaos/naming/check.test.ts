import assert from 'node:assert/strict';
import type { Fact, StoredKv } from '../../../chaos/history.js';
import { checkNaming } from '../../../chaos/naming/check.js';
import type { SeenView } from '../../../chaos/naming/told.js';
import { Truth } from '../../../chaos/truth.js';

const kv = (key: string, revision: bigint): StoredKv => ({
  key,
  value: 'v',
  createRevision: revision,
  modRevision: revision,
  version: 1n,
  lease: 1n,
});
const put = (key: string, revision: bigint): Fact => ({
  kind: 'truth',
  revision,
  at: Number(revision),
  events: [{ type: 'put', kv: kv(key, revision) }],
});
const gone = (key: string, revision: bigint): Fact => ({
  kind: 'truth',
  revision,
  at: Number(revision),
  events: [{ type: 'delete', key }],
});

/** svc/a from 2 on, svc/b from 3 to 5, a neighbour's from 4 on. */
const truth = new Truth([put('svc/a', 2n), put('svc/b', 3n), put('svc2/x', 4n), gone('svc/b', 5n)]);

const view = (
  revision: bigint,
  records: Record<string, bigint>,
  held: string[] = [],
  viewer = 'v',
): SeenView => ({
  viewer,
  revision,
  records: new Map(Object.entries(records)),
  held: new Set(held),
});
const promises = (views: SeenView[]) => checkNaming('svc/', views, [], truth).map(({ promise }) => promise);

describe('the check of what naming showed', () => {
  it('passes what was true, and what is held back beside it', () => {
    const views = [
      view(1n, {}),
      view(2n, { 'svc/a': 2n }),
      view(3n, { 'svc/a': 2n, 'svc/b': 3n }),
      view(5n, { 'svc/a': 2n, 'svc/b': 3n }, ['svc/b']),
      view(5n, { 'svc/a': 2n }),
      view(99n, { 'svc/unknown': 98n }),
    ];
    assert.deepEqual(promises(views), []);
  });

  it('finds a record that is missing, one that is too many, an old version, and half a change', () => {
    assert.deepEqual(promises([view(3n, { 'svc/a': 2n })]), ['N1']);
    assert.deepEqual(promises([view(5n, { 'svc/a': 2n, 'svc/b': 3n })]), ['N1']);
    assert.deepEqual(promises([view(3n, { 'svc/a': 1n, 'svc/b': 3n })]), ['N1']);
    assert.deepEqual(promises([view(4n, { 'svc/a': 2n, 'svc/b': 3n, 'svc2/x': 4n })]), ['N1']);
  });

  it('finds a view that is empty when the store is not', () => {
    assert.deepEqual(promises([view(3n, {})]), ['N6']);
  });

  it('finds a viewer that goes back, and lets another be behind', () => {
    const [early, late] = [view(2n, { 'svc/a': 2n }), view(3n, { 'svc/a': 2n, 'svc/b': 3n })];
    assert.deepEqual(promises([late, early]), ['N2']);
    assert.deepEqual(promises([late, view(2n, { 'svc/a': 2n }, [], 'other')]), []);
  });

  it('finds a record that comes back after its owner has closed', () => {
    const closed = (from: bigint, to: bigint) =>
      checkNaming('svc/', [], [{ key: 'svc/b', from, to }], truth).map(({ promise }) => promise);
    assert.deepEqual(closed(1n, 4n), ['R4']);
    assert.deepEqual(closed(3n, 5n), []);
  });
});
