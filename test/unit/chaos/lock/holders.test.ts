import { assertValid, assertViolation, HistoryBuilder } from './history-builder.js';

/** `a` holds the lock, `b` waits and holds it after `a` has released it at 2,000. */
function handover(heldByA: readonly [number, number], heldByB: readonly [number, number]): HistoryBuilder {
  const both = new HistoryBuilder()
    .put('n/a')
    .holder('a', 'n/a', {
      held: heldByA,
      rest: { releasingAt: 1_900, released: { at: 2_050, error: undefined } },
    })
    .put('n/b')
    .at(2_000)
    .delete('n/a');
  return both.holder('b', 'n/b', { held: heldByB }).at(3_000).delete('n/b');
}

describe('the chaos check of holders', () => {
  it('M1: accepts a holder that sees the lock held after the former one has seen it last', () => {
    assertValid(handover([1_010, 1_900], [2_010, 2_900]), 'M1 handovers', 1);
    assertValid(handover([1_010, 1_010], [2_010, 2_010]), 'M2 deleted keys', 2);
  });

  it('M1: detects two holders at the same time, also by a single sample', () => {
    assertViolation(handover([1_010, 2_020], [2_010, 2_900]), 'M1', 'M2');
    assertViolation(handover([1_010, 2_500], [2_010, 2_010]), 'M1', 'M2');
    assertViolation(handover([1_010, 1_990], [1_980, 2_900]), 'M1');
    assertViolation(handover([1_990, 1_990], [1_010, 2_900]), 'M1', 'M4');
  });

  it('M1: detects a former holder that sees the lock held after later holders', () => {
    const three = handover([1_010, 3_500], [2_010, 2_900])
      .put('n/c')
      .holder('c', 'n/c', { held: [3_010, 3_400] });
    assertViolation(three.at(4_000), 'M1', 'M2');
  });

  it('M1: excuses a holder whose key was deleted by hand, but not its successors', () => {
    const byHand = () =>
      new HistoryBuilder()
        .put('n/a')
        .holder('a', 'n/a', { held: [1_010, 2_500], rest: { lost: { at: 2_510, reason: 'deleted' } } })
        .put('n/b')
        .at(2_000)
        .byHand('n/a')
        .delete('n/a')
        .holder('b', 'n/b', { held: [2_010, 2_900] });
    assertValid(byHand().at(3_000).delete('n/b'), 'M2 deleted keys', 1);
    const after = byHand()
      .at(2_700)
      .delete('n/b')
      .put('n/c')
      .holder('c', 'n/c', { held: [2_800, 2_900] });
    assertViolation(after, 'M1', 'M2');
  });

  it('M2: detects a holder that sees the lock held after its key was deleted, without a successor', () => {
    const alone = (lastHeldAt: number) =>
      new HistoryBuilder()
        .put('n/a')
        .holder('a', 'n/a', { held: [1_010, lastHeldAt] })
        .at(2_000)
        .delete('n/a');
    assertValid(alone(1_990), 'M2 deleted keys', 1);
    assertViolation(alone(2_001), 'M2');
  });

  it('M3: detects a lock that is held again, and a signal that is late', () => {
    const with_ = (samples: object) =>
      new HistoryBuilder().put('n/a').holder('a', 'n/a', { held: [1_010, 1_020], samples });
    assertValid(with_({}), 'M3 samples', 2);
    assertViolation(with_({ again: 1 }), 'M3');
    assertViolation(with_({ unaborted: 1 }), 'M3');
  });

  it('M4: accepts tokens that grow', () => {
    assertValid(handover([1_010, 1_900], [2_010, 2_900]), 'M4 tokens', 2);
  });

  it('M4: detects a token that is not greater than those before, or not that of the oldest key', () => {
    const two = (token: bigint) =>
      new HistoryBuilder()
        .put('n/a')
        .holder('a', 'n/a', { held: [1_010, 1_020] })
        .at(2_000)
        .delete('n/a')
        .put('n/b')
        .holder('b', 'n/b', { token, held: [2_010, 2_020] });
    assertValid(two(4n), 'M4 tokens', 2);
    assertViolation(two(2n), 'M4');
    assertViolation(two(3n), 'M4');
    assertViolation(
      new HistoryBuilder()
        .put('n/a')
        .put('n/b')
        .holder('b', 'n/b', { held: [1_010, 1_020] }),
      'M4',
    );
  });

  it('M4: detects two holders with one token, although their key is the oldest', () => {
    const one = new HistoryBuilder().put('n/a').holder('a', 'n/a', { held: [1_010, 1_020] });
    assertViolation(one.holder('b', 'n/a', { held: [1_030, 1_040] }), 'M4');
  });

  it('M4: detects a waiter that believes that it won after its key was gone', () => {
    const expired = new HistoryBuilder().put('n/a').put('n/b').delete('n/b').delete('n/a').holder('b', 'n/b');
    assertViolation(expired, 'M4');
  });

  it('M4: excuses a holder with a key that was deleted by hand and that learns of its lock late', () => {
    const late = new HistoryBuilder()
      .put('n/a')
      .at(1_100)
      .byHand('n/a')
      .delete('n/a')
      .put('n/b')
      .holder('b', 'n/b', { held: [1_200, 1_300] })
      .holder('a', 'n/a', { token: 2n, held: [1_400, 1_410] });
    assertValid(late, 'M4 tokens', 2);
  });

  it('T: detects members that report different events', () => {
    assertViolation(new HistoryBuilder().conflict(), 'T');
  });
});
