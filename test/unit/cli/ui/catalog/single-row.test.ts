import assert from 'node:assert/strict';
import { rowMaker } from '#src/cli/ui/catalog/index.js';
import type { EndpointRow } from '#src/cli/ui/protocol/index.js';
import type { KeyValue } from '#src/index.js';
import { endpointRow } from '../../../../support/ui-rows.js';

const kv = (key: string, value: string, lease = 0n): KeyValue => ({
  ...{ key: Buffer.from(key), value: Buffer.from(value), lease },
  ...{ createRevision: 5n, modRevision: 9n, version: 2n },
});

describe('rowMaker', () => {
  const rows: EndpointRow[] = [];
  const row = (key: string) => rows.find((known) => known.key === key);
  const rowOf = rowMaker(undefined, { row }, () => 1_000);

  afterEach(() => void rows.splice(0));

  it('makes the row of a record as the catalog does', () => {
    const row = rowOf(kv('shop/e1', '{"Addr":"a:1","Metadata":{"weight":3,"status":"draining"}}', 16n));
    assert.deepEqual(
      [row?.service, row?.id, row?.addr, row?.weight, row?.status, row?.lease, row?.modRevision],
      ['shop', 'e1', 'a:1', 3, 'draining', '0000000000000010', '9'],
    );
    assert.deepEqual([row?.firstSeen, row?.preexisting], [1_000, false]);
  });

  it('takes from the catalog when the same record was first seen', () => {
    const seen = { firstSeen: 7, preexisting: true };
    rows.push(endpointRow({ createRevision: '5', ...seen }));
    const row = rowOf(kv('shop/e1', '{"Addr":"a:1"}'));
    assert.deepEqual([row?.firstSeen, row?.preexisting], [7, true]);
    rows.splice(0, 1, endpointRow({ createRevision: '4', ...seen }));
    assert.equal(rowOf(kv('shop/e1', '{"Addr":"a:1"}'))?.firstSeen, 1_000);
  });

  it('makes a row with the problem of a value that is not an endpoint', () => {
    assert.match(rowOf(kv('shop/e1', 'x'))?.problem ?? '', /./);
  });

  it('makes none for a member of a queue, nor for a key without a service', () => {
    assert.equal(rowOf(kv('lock/10', '', 16n)), undefined);
    assert.equal(rowOf(kv('e1', '{"Addr":"a:1"}')), undefined);
  });
});
