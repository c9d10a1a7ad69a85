import assert from 'node:assert/strict';
import type { Json } from '#src/cli/ui/protocol/index.js';
import { endpointCountText, largeNote, sumCounts } from '#ui/browser/endpoints/endpoint-counts.js';
import { endpointFields } from '#ui/browser/endpoints/endpoint-fields.js';
import { leaseText } from '#ui/browser/endpoints/lease-text.js';
import { shownColumns } from '#ui/browser/endpoints/shown-columns.js';
import { statedTime } from '#ui/browser/endpoints/stated-time.js';
import { orderBy, sortHints } from '#ui/browser/filter/compare.js';
import { countsText } from '#ui/browser/services/count-text.js';
import { Service } from '#ui/browser/state/service.js';
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

  it('is natural for texts', () => {
    const addresses = ['10.0.0.19:1', '10.0.0.1:1', '10.0.0.20:1', '9.0.0.1:1'];
    const { sortValue, compare } = orderBy({ field: 'addr', descending: false }, endpointFields);
    const sorted = addresses
      .map((addr) => endpointRow({ addr }))
      .toSorted((a, b) => compare(sortValue(a), sortValue(b)));
    assert.deepEqual(
      sorted.map(({ addr }) => addr),
      ['9.0.0.1:1', '10.0.0.1:1', '10.0.0.19:1', '10.0.0.20:1'],
    );
  });

  it('is not that of leases, of which only some are known', () => {
    assert.match(
      sortHints({ field: 'lease', descending: false }, endpointFields).join(),
      /visible rows only/,
    );
    assert.equal(sorted('lease', false), 'abcde');
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

describe('the columns of endpoints', () => {
  const columns = ['service', 'address', 'zone', 'actions'].map((field) => ({
    ...{ field, label: field, sortable: true },
    text: () => '',
  }));
  const shown = (field: string, readOnly = false) =>
    shownColumns(columns, { field, descending: false }, readOnly);
  const fieldsOf = (field: string, readOnly = false) =>
    shown(field, readOnly)
      .map((column) => column.field)
      .join(' ');

  it('show what the list is sorted by', () => {
    assert.equal(fieldsOf('metadata.version'), 'service address metadata.version zone actions');
    assert.equal(fieldsOf('mod'), 'service address modified zone actions');
    for (const field of ['addr', 'zone', 'none', 'lease'])
      assert.equal(fieldsOf(field), 'service address zone actions', field);
    const column = shown('metadata.v').at(2);
    assert.equal(column?.text(endpointRow({ metadata: { v: ['a', '\u202e'] } })), 'a, \\u202e');
    assert.equal(shown('metadata.\u202e').at(2)?.label, '\\u202e');
  });

  it('have no actions if all are refused', () => {
    assert.equal(fieldsOf('zone', true), 'service address zone');
  });
});

describe('the count of a list of endpoints', () => {
  const rows = [
    endpointRow({ id: 'a' }),
    endpointRow({ id: 'b', problem: 'x' }),
    endpointRow({ id: 'c', large: 9 }),
  ];
  const service = new Service('shop');
  for (const row of rows) service.put(row);
  const counts = sumCounts([service, undefined]);

  it('has records that are not endpoints as a number of their own', () => {
    assert.deepEqual(counts, { endpoints: 2, problems: 1, large: 1 });
    assert.equal(endpointCountText(rows, counts), '2 endpoints, 1 unreadable record');
    assert.equal(endpointCountText(rows.slice(0, 1), counts), '1 of 2 endpoints, 0 of 1 unreadable record');
    assert.equal(endpointCountText(rows.slice(0, 1), { ...counts, problems: 0 }), '1 of 2 endpoints');
    const { endpoints, permanent, problems } = service.summary();
    assert.deepEqual({ endpoints, permanent, problems }, { endpoints: 2, permanent: 2, problems: 1 });
  });

  it('has a note for metadata that a filter or an order cannot read', () => {
    const note = /metadata of 1 endpoint is too large/;
    assert.match(largeNote(counts, true, undefined), note);
    assert.match(largeNote(counts, false, { name: 'metadata.x' }), note);
    assert.equal(largeNote(counts, false, { name: 'zone' }), '');
    assert.equal(largeNote({ ...counts, large: 0 }, true, undefined), '');
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
