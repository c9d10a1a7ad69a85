import assert from 'node:assert/strict';
import type { WatchBatch } from '#src/index.js';
import { WatchRecord } from '../../robustness/history/index.js';

function batch(nextRevision: bigint, ...revisions: readonly bigint[]): WatchBatch {
  const events = revisions.map((modRevision) => ({
    type: 'put' as const,
    kv: { ...key, modRevision, createRevision: modRevision },
  }));
  return { events, nextRevision };
}

const key = { key: Buffer.from('a'), value: Buffer.from('1'), version: 1n, lease: 0n };

/** `e` and the revisions of a batch of events, or `b` and the revision of a bookmark. */
function shown(record: WatchRecord): string[] {
  return record
    .toModel()
    .Responses.map(({ Events, IsProgressNotify, Revision }) =>
      IsProgressNotify ? `b ${Revision}` : `e ${Events.map((event) => event.Revision).join(' ')}`,
    );
}

describe('the record of a watch', () => {
  it('has the checkpoint of each batch as a bookmark after it', () => {
    const record = new WatchRecord({ prefix: 'a' }, { startRevision: 3n }, () => 1n);
    record.batch(batch(5n, 3n, 4n));
    record.batch(batch(9n));
    record.batch(batch(10n, 9n));
    assert.deepEqual(shown(record), ['e 3 4', 'b 4', 'b 8', 'e 9', 'b 9']);
    assert.equal(record.events, 3);
  });

  it('has the request as the validators know it, with its filter', () => {
    const settings = { startRevision: 3n, prevKv: true, progress: true, only: 'put' } as const;
    assert.deepEqual(new WatchRecord({ prefix: 'a' }, settings, () => 1n).toModel().Request, {
      ...{
        Key: 'a',
        Revision: 3n,
        WithPrefix: true,
        WithProgressNotify: true,
        WithPrevKV: true,
        Only: 'put',
      },
    });
    assert.deepEqual(new WatchRecord({ key: 'a' }, {}, () => 1n).toModel().Request, {
      ...{ Key: 'a', Revision: 0n, WithPrefix: false, WithProgressNotify: false, WithPrevKV: false },
    });
  });

  describe('without a start revision', () => {
    let record: WatchRecord;

    beforeEach(() => {
      record = new WatchRecord({ key: 'a' }, {}, () => 1n);
      record.ready(6n);
    });

    it('promises every event above the revision of ready', () => {
      assert.deepEqual(shown(record), ['b 6']);
      record.batch(batch(9n, 8n));
      assert.deepEqual(shown(record), ['b 6', 'e 8', 'b 8']);
    });

    it('may start below the revision of ready', () => {
      record.batch(batch(5n, 4n));
      assert.deepEqual(shown(record), ['b 3', 'e 4', 'b 4']);
    });

    it('may begin with a notification below the revision of ready', () => {
      record.batch(batch(5n));
      assert.deepEqual(shown(record), ['b 4', 'b 4']);
    });
  });

  it('promises nothing before its first event if the revision of ready is unknown', () => {
    const record = new WatchRecord({ key: 'a' }, {}, () => 1n);
    record.batch(batch(9n, 8n));
    assert.deepEqual(shown(record), ['e 8', 'b 8']);
  });
});
