import assert from 'node:assert/strict';
import { SessionContext } from '#src/watch/core/context.js';
import { StreamSlot } from '#src/watch/core/stream/stream-slot.js';
import { WatcherState } from '#src/watch/core/watcher/watcher-state.js';
import { brief, cancelled, created, dropped, events, everyKey, progress, puts, refused } from './builders.js';

/** A slot with these watchers, created on its stream as 1000 and up as far as that allows, and its context. */
function slotWith(...keys: readonly number[]) {
  const context = new SessionContext(() => 0.5, 1_000n);
  const slot = new StreamSlot(1, false, context);
  const states = keys.map((key) => new WatcherState(key, everyKey, 5n));
  for (const state of states) slot.add(state);
  slot.advance();
  context.takeEffects();
  return { slot, context, states };
}

describe('a stream slot', () => {
  it('returns an acknowledged watcher, and has it live under its id', () => {
    const { slot, states } = slotWith(1);
    const [state] = states;
    assert.deepEqual(slot.onReply(1_000n, created(9)), { kind: 'created', state, headerRevision: 9n });
    const reply = events(puts(5));
    assert.deepEqual(slot.onReply(1_000n, reply), { kind: 'events', state, reply });
  });

  it('returns the watchers whose create it sends: one until an id was echoed, then the others', () => {
    const { slot, states } = slotWith(1, 2, 3);
    assert.deepEqual(slot.advance(), []);
    slot.onReply(1_000n, created());
    assert.deepEqual(slot.advance(), states.slice(1));
  });

  it('returns nothing for a watcher that has left, and cancels it when its create is answered', () => {
    const { slot, context, states } = slotWith(1, 2);
    slot.remove(states[0]!);
    assert.equal(slot.onReply(1_000n, created()), undefined);
    assert.equal(brief(context.takeEffects()), 'cancel 1000');
    for (const reply of [events(puts(5)), cancelled()]) assert.equal(slot.onReply(1_000n, reply), undefined);
  });

  it('returns the live watchers that progress covers', () => {
    const { slot, states } = slotWith(1);
    slot.onReply(1_000n, created());
    const reply = progress(40);
    assert.deepEqual(slot.onReply(1_000n, reply), { kind: 'progress', states, reply });
    assert.deepEqual(slot.onReply(-1n, reply), { kind: 'progress', states: [], reply }, 'without a request');
    assert.equal(slot.onReply(1_000n, progress(0)), undefined);
  });

  for (const [what, reply] of [
    ['refused', refused('no')],
    ['cancelled', cancelled(20)],
  ] as const) {
    it(`returns a ${what} watcher with the slot's token, and no longer has it`, () => {
      const { slot, states } = slotWith(1);
      const [state] = states;
      if (reply.kind === 'cancelled') slot.onReply(1_000n, created());
      assert.deepEqual(slot.onReply(1_000n, reply), { kind: 'cancelled', state, reply, generation: 0 });
      assert.ok(slot.isEmpty && state?.slot === undefined);
    });
  }

  it('returns the loss of its stream with the watchers whose create was sent, and keeps all of them', () => {
    const { slot, states } = slotWith(1, 2, 3);
    slot.onReply(1_000n, created());
    slot.remove(states[0]!);
    slot.add(states[0]!);
    slot.advance();
    const late = new WatcherState(4, everyKey, 5n);
    slot.add(late);
    const error = dropped();
    const outcome = slot.onStreamLost(error);
    assert.ok(outcome?.kind === 'failed');
    assert.equal(outcome.error, error);
    assert.deepEqual(new Set(outcome.created), new Set(states), 'without the late one');
    assert.deepEqual(new Set(slot.watchers), new Set([...states, late]));
    assert.equal(slot.onStreamLost(error), undefined, 'it has no stream');
  });

  it('returns a loss when a create is not answered in time, or a response violates the protocol', () => {
    const silent = slotWith(1);
    const timedOut = silent.slot.onTimer('create-timeout');
    assert.ok(timedOut?.kind === 'failed' && /no response/.test(timedOut.error.message));
    assert.equal(brief(silent.context.takeEffects()), 'close-stream unresponsive');
    const corrupt = slotWith(1);
    corrupt.slot.onReply(1_000n, created());
    const violated = corrupt.slot.onReply(1_000n, events(puts(9, 5)));
    assert.ok(violated?.kind === 'failed' && /events out of order/.test(violated.error.message));
    assert.equal(brief(corrupt.context.takeEffects()), 'close-stream');
  });
});
