import assert from 'node:assert/strict';
import type { Json } from '#src/cli/ui/protocol/index.js';
import { endpointFields } from '#ui/browser/endpoints/endpoint-fields.js';
import { leaseText } from '#ui/browser/endpoints/lease-text.js';
import { statedTime } from '#ui/browser/endpoints/stated-time.js';
import { orderBy, sortHints } from '#ui/browser/filter/compare.js';
import { countsText } from '#ui/browser/services/count-text.js';
import { endpointRow } from '../../../../../support/ui-rows.js';

describe('the time left of a lease', () => {
  const alive = { at: 1_000, reply: { state: 'alive', remainingSeconds: 10, grantedSeconds: 30 } } as const;

  it('counts down since the answer, to 0', () => {
    assert.equal(leaseText(alive, 1_000), '10 s of 30 s');
    assert.equal(leaseText(alive, 4_500), '6 s of 30 s');
    const short = { ...alive, reply: { ...alive.reply, remainingSeconds: 3 } };
    assert.equal(leaseText(short, 9_000), '0 s of 30 s');
  });

  it('is empty while it is unknown, and when the answer is old', () => {
    assert.equal(leaseText(alive, 11_001), '');
    assert.equal(leaseText(undefined, 0), '');
    assert.equal(leaseText({ at: 0, reply: { state: 'unknown', error: 'x' } }, 0), '');
    assert.equal(leaseText({ at: 0, reply: { state: 'gone' } }, 0), 'ended');
  });
});

describe('a time in the metadata', () => {
  const text = (metadata: Json) => statedTime(metadata)?.text;

  it('is shown as it stands', () => {
    assert.equal(text({ a: 1, startedAt: '2026-01-01T00:00:00Z' }), '2026-01-01T00:00:00Z');
    assert.equal(text({ registered_at: 1_767_225_600 }), '1767225600');
    assert.equal(text({ 'Start-Time': 'yesterday' }), 'yesterday');
  });

  it('is absent otherwise', () => {
    for (const metadata of [
      null,
      'startedAt',
      ['startedAt'],
      { started: 1 },
      { startedAt: {} },
      { startedAt: '' },
    ])
      assert.equal(text(metadata), undefined);
  });
});

describe('the order of endpoints', () => {
  const rows = [
    endpointRow({ id: 'a', weight: 10, metadata: { v: 'x' } }),
    endpointRow({ id: 'b', weight: 9, metadata: { v: 2 } }),
    endpointRow({ id: 'c', weight: 1 }),
    endpointRow({ id: 'd', weight: 1, metadata: { v: 10 } }),
    endpointRow({ id: 'e', weight: 1, metadata: { v: null } }),
  ];
  const sorted = (field: string, descending: boolean) => {
    const { sortValue, compare } = orderBy({ field, descending }, endpointFields);
    return rows
      .toSorted((a, b) => compare(sortValue(a), sortValue(b)))
      .map(({ id }) => id)
      .join('');
  };

  it('is by number, in both directions', () => {
    assert.equal(sorted('weight', false), 'cdeba');
    assert.equal(sorted('weight', true), 'abcde');
  });

  it('has numbers before texts, and what is absent last in both directions', () => {
    assert.equal(sorted('metadata.v', false), 'bdace');
    assert.equal(sorted('metadata.v', true), 'adbce');
  });

  it('is not changed by a field that does not exist', () => {
    for (const field of ['none', 'constructor', '__proto__', 'metadata.']) {
      assert.equal(sorted(field, true), 'abcde');
      assert.match(sortHints({ field, descending: true }, endpointFields).join(), /is not a field here/);
    }
    for (const field of ['weight', 'metadata.a'])
      assert.deepEqual(sortHints({ field, descending: true }, endpointFields), []);
  });
});

describe('counts by name', () => {
  it('are shown with the largest first, and not all', () => {
    const counts = new Map([...'abcdef'].map((name, i) => [name, i + 1]));
    assert.equal(countsText(counts), 'f 6, e 5, d 4, c 3 and 2 more');
    assert.equal(countsText(new Map([['\u202e', 1]])), '\\u202e 1');
    assert.equal(countsText(new Map()), '');
  });
});
