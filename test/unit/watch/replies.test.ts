import assert from 'node:assert/strict';
import { toReply } from '#src/watch/replies.js';
import type { WatchResponse } from '#src/wire/index.js';
import { watchResponse } from './builders.js';

const kv = {
  key: Buffer.from('k'),
  createRevision: 1n,
  modRevision: 7n,
  version: 1n,
  value: Buffer.from('v'),
  lease: 0n,
};

const response = (fields: Partial<WatchResponse> = {}) => watchResponse(40n, fields);

describe('a watch response', () => {
  it('created', () => {
    assert.deepEqual(toReply(response({ created: true })), { kind: 'created', headerRevision: 40n });
  });

  it('created, from a proxy that adds it to another watch, has no revision of the store', () => {
    const header = { clusterId: 0n, memberId: 0n, revision: 41n, raftTerm: 0n };
    assert.deepEqual(toReply(response({ created: true, header })), { kind: 'created', headerRevision: 0n });
  });

  it('created and cancelled in one is a refusal', () => {
    const reply = toReply(response({ created: true, canceled: true, watchId: -1n, cancelReason: 'no' }));
    assert.deepEqual(reply, { kind: 'refused', compactRevision: 0n, reason: 'no' });
  });

  it('cancelled keeps its reason', () => {
    const reply = toReply(response({ canceled: true, cancelReason: 'etcdserver: permission denied' }));
    assert.deepEqual(reply, {
      kind: 'cancelled',
      compactRevision: 0n,
      reason: 'etcdserver: permission denied',
    });
  });

  it('with a compact revision is a cancellation, even without the canceled flag', () => {
    for (const canceled of [true, false]) {
      const reply = toReply(response({ canceled, compactRevision: 20n, header: undefined }));
      assert.deepEqual(reply, { kind: 'cancelled', compactRevision: 20n, reason: '' });
    }
  });

  it('without events is progress, at 0 when it has no header', () => {
    assert.deepEqual(toReply(response()), { kind: 'progress', headerRevision: 40n });
    assert.deepEqual(toReply(response({ header: undefined })), { kind: 'progress', headerRevision: 0n });
  });

  it('with events passes them on', () => {
    const events = [{ type: 'put' as const, kv }];
    const reply = toReply(response({ fragment: true, events }));
    assert.deepEqual(reply, { kind: 'events', headerRevision: 40n, fragment: true, events });
  });
});
