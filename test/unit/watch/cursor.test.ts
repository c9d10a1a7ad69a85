import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nextRevision, type WatchReply } from '#src/watch/core/index.js';
import { cancelled, created, events, progress, puts, refused } from './builders.js';

describe('the cursor rule', () => {
  const rows: readonly (readonly [what: string, current: number, reply: WatchReply, next: number])[] = [
    ['created, whose header may be ahead of events to come', 5, created(900), 5],
    ['created of a watch that starts in the future', 1_000, created(3), 1_000],
    ['one event', 5, events(puts(7)), 8],
    ['a batch, up to its last event', 1, events(puts(3, 4, 9)), 10],
    [
      'a catch-up batch of 1,000 revisions, whose header is the store’s',
      6,
      events(puts(6, 1005), { header: 2505 }),
      1006,
    ],
    ['several events of one revision', 4, events(puts(4, 4, 4)), 5],
    ['a fragment, up to its last revision, which may go on', 1, events(puts(3, 4, 9), { fragment: true }), 9],
    ['a fragment of one revision', 4, events(puts(4, 4), { fragment: true }), 4],
    ['the last fragment', 9, events(puts(9, 9)), 10],
    ['old events for a second time', 302, events(puts(2, 3)), 302],
    ['an old fragment for a second time', 302, events(puts(2, 3), { fragment: true }), 302],
    ['progress', 5, progress(40), 41],
    ['progress of a member that lags', 50, progress(40), 50],
    ['progress below a start in the future', 1_000, progress(3), 1_000],
    ['a cancellation that was asked for', 5, cancelled(), 5],
    ['a cancellation by compaction', 5, cancelled(20), 5],
    ['a refusal', 5, refused('etcdserver: permission denied'), 5],
  ];
  for (const [what, current, reply, next] of rows) {
    it(`goes from ${current} to ${next} by ${what}`, () => {
      assert.equal(nextRevision(BigInt(current), reply), BigInt(next));
    });
  }

  const revision = fc.integer({ min: 1, max: 10_000 });
  const anyEvents = fc
    .tuple(fc.array(revision, { minLength: 1, maxLength: 8 }), revision, fc.boolean())
    .map(([list, header, fragment]) => events(puts(...list.sort((a, b) => a - b)), { header, fragment }));
  const anyReply: fc.Arbitrary<WatchReply> = fc.oneof(
    anyEvents,
    revision.map(progress),
    revision.map(created),
    revision.map((compact) => cancelled(compact)),
  );

  it('never moves the cursor back, for any reply', () => {
    fc.assert(
      fc.property(revision, anyReply, (current, reply) => {
        assert.ok(nextRevision(BigInt(current), reply) >= BigInt(current));
      }),
    );
  });

  it('ignores the header of events', () => {
    fc.assert(
      fc.property(revision, anyEvents, revision, (current, reply, header) => {
        const other = { ...reply, headerRevision: BigInt(header) };
        assert.equal(nextRevision(BigInt(current), reply), nextRevision(BigInt(current), other));
      }),
    );
  });
});
