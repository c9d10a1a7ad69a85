import assert from 'node:assert/strict';
import { compareRecords } from '#src/naming/directory/diagnostics/record-changes.js';
import type { EndpointRecord } from '#src/naming/index.js';

describe('the difference between two lists of records', () => {
  const record = (key: string, modRevision = 1n): EndpointRecord => ({
    key,
    addr: `${key}:1`,
    createRevision: 1n,
    modRevision,
    lease: 0n,
  });
  const list = (keys: string) => [...keys].map((key) => record(key));
  const keysOf = (records: readonly EndpointRecord[]) => records.map(({ key }) => key).join('');
  const summary = (before: readonly EndpointRecord[], after: readonly EndpointRecord[]) => {
    const { added, changed, removed } = compareRecords(before, after);
    return { added: keysOf(added), changed, removed: keysOf(removed) };
  };

  for (const [before, after, added, removed] of [
    ['', '', '', ''],
    ['', 'abc', 'abc', ''],
    ['abc', '', '', 'abc'],
    ['abc', 'abc', '', ''],
    ['ac', 'abcd', 'bd', ''],
    ['abcd', 'bd', '', 'ac'],
    ['abc', 'bcd', 'd', 'a'],
    ['ace', 'bdf', 'bdf', 'ace'],
  ] as const)
    it(`from '${before}' to '${after}' adds '${added}' and removes '${removed}'`, () => {
      assert.deepEqual(summary(list(before), list(after)), { added, changed: 0, removed });
    });

  it('counts a record with another revision as changed', () => {
    const [a, b, c] = list('abc') as [EndpointRecord, EndpointRecord, EndpointRecord];
    assert.deepEqual(summary([a, b, c], [a, record('b', 2n), c]), { added: '', changed: 1, removed: '' });
  });

  it('agrees with a comparison of sets for any two lists that share records', () => {
    const all = list('abcdefgh');
    for (let mask = 0; mask < 256; mask++)
      for (const other of [0, 37, 85, 129, 170, 204, 240, 255]) {
        const [before, after] = [mask, other].map((bits) => all.filter((_, i) => (bits >> i) & 1));
        const expected = {
          added: keysOf(after!.filter((one) => !before!.includes(one))),
          changed: 0,
          removed: keysOf(before!.filter((one) => !after!.includes(one))),
        };
        assert.deepEqual(summary(before!, after!), expected);
      }
  });
});
