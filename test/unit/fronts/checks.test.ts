import assert from 'node:assert/strict';
import type { StoredKv, TruthFact } from '../../chaos/history.js';
import { Truth } from '../../chaos/truth.js';
import { checkEvents, trueEvents } from '../../fronts/check/events.js';
import { checkWrites, type TracedWrite } from '../../fronts/check/writes.js';

const stored = (key: string, value: string, revision: bigint): StoredKv => {
  return { key, value, createRevision: revision, modRevision: revision, version: 1n, lease: 0n };
};

const puts = (revision: bigint, value: string, ...keys: string[]): TruthFact => {
  const events = keys.map((key) => ({ type: 'put' as const, kv: stored(key, value, revision) }));
  return { kind: 'truth', revision, at: 0, events };
};

const history = new Truth([
  puts(2n, 'once', 'a'),
  puts(3n, 'both', 'a', 'b'),
  puts(4n, 'twice', 'a'),
  puts(5n, 'twice', 'a'),
  { kind: 'truth', revision: 6n, at: 0, events: [{ type: 'delete', key: 'a' }] },
  puts(7n, 'other', 'other'),
]);

describe('the check of writes through a front end', () => {
  const write = (outcome: TracedWrite['outcome'], value: string, ...keys: string[]) =>
    checkWrites([{ keys, value, outcome }], history);

  it('accepts what happened', () => {
    assert.deepEqual(write('applied', 'once', 'a'), []);
    assert.deepEqual(write('applied', 'both', 'b', 'a'), []);
    assert.deepEqual(write('ambiguous', 'once', 'a'), []);
    assert.deepEqual(write('ambiguous', 'never', 'a'), []);
    assert.deepEqual(write('not-applied', 'never', 'a'), []);
  });

  it('finds a write that is lost', () => {
    assert.match(write('applied', 'never', 'a').join(), /is in no revision/);
  });

  it('finds a write that is applied twice', () => {
    assert.match(write('ambiguous', 'twice', 'a').join(), /is in 2 revisions/);
  });

  it('finds a refused write that is applied', () => {
    assert.match(write('not-applied', 'once', 'a').join(), /was applied/);
  });

  it('finds a transaction that is applied in part', () => {
    assert.match(write('applied', 'once', 'a', 'b').join(), /changed a/);
  });
});

describe('the check of events through a front end', () => {
  const expected = trueEvents(history, 'a', 3n);

  it('accepts the events of the prefix from the start revision on', () => {
    assert.deepEqual(expected, ['3 a both', '4 a twice', '5 a twice', '6 a (deleted)']);
    assert.equal(checkEvents(expected, expected), undefined);
  });

  const broken: Readonly<Record<string, readonly string[]>> = {
    missed: expected.toSpliced(1, 1),
    'delivered twice': expected.toSpliced(1, 0, '3 a both'),
    reordered: expected.toReversed(),
    invented: [...expected, '8 a new'],
    'missed at the end': expected.slice(0, -1),
  };
  for (const [what, seen] of Object.entries(broken)) {
    it(`finds an event that is ${what}`, () => {
      assert.match(checkEvents(seen, expected) ?? '', /event \d of a watch is /);
    });
  }
});
