import { assertValid, assertViolation, HistoryBuilder } from './history-builder.js';

const failedAt = (at: number) => ({ failed: { at, error: 'LockLostError' } });

/** `b` becomes the oldest at 2,000. */
const successor = () =>
  new HistoryBuilder().put('n/a').request('b', 'n/b').put('n/b').at(2_000).delete('n/a');

describe('the chaos check of waiters', () => {
  it('M6: accepts a successor that learns of its ownership within the bound', () => {
    const waiting = new HistoryBuilder().put('n/a').put('n/b').at(2_000).delete('n/a');
    assertValid(waiting.at(6_000).holder('b', 'n/b', { held: [6_000, 6_001] }), 'M6 successors', 0);
    assertValid(successor().at(5_000), 'M6 successors', 1);
    assertValid(successor().at(2_100).process('killed', 'b').at(20_000), 'M6 successors', 1);
  });

  it('M6: detects a successor that does not learn of its ownership', () => {
    assertViolation(successor().at(8_000), 'M6');
  });

  it('M6: does not count the time of faults that may affect the waiter, and in which etcd is stalled', () => {
    assertValid(successor().fault('all', 3_000, 8_000).at(10_000), 'M6 successors', 1);
    assertValid(
      successor().at(2_500).process('paused', 'b').at(9_000).process('resumed', 'b'),
      'M6 successors',
      1,
    );
    const stalled = (to: number) => successor().at(3_000).put('canary').at(to).put('canary').at(10_000);
    assertValid(stalled(8_000), 'M6 successors', 1);
    assertViolation(stalled(3_900), 'M6');
    assertViolation(successor().fault(['x'], 3_000, 8_000).at(10_000), 'M6');
    assertViolation(successor().fault('all', 3_000, 8_000).at(13_000), 'M6');
  });

  it('M6: accepts a waiter that ends after it has lost its place, or queues again', () => {
    const lost = () => new HistoryBuilder().put('n/a').request('b', 'n/b', failedAt(3_000)).put('n/b');
    assertValid(lost().at(2_000).delete('n/b').at(9_000), 'M6 lost places', 1);
    const keys = [
      { key: 'n/b', at: 1_000 },
      { key: 'n/b2', at: 3_000 },
    ];
    const again = new HistoryBuilder()
      .put('n/a')
      .request('b', 'n/b', { keys })
      .put('n/b')
      .at(2_000)
      .delete('n/b');
    assertValid(again.at(3_010).put('n/b2').at(9_000), 'M6 lost places', 1);
  });

  it('M6: detects a waiter that goes on waiting without a place', () => {
    const lost = (end: object = {}) =>
      new HistoryBuilder().put('n/a').request('b', 'n/b', end).put('n/b').at(2_000).delete('n/b').at(7_000);
    assertViolation(lost(), 'M6');
    assertViolation(lost({ maybeQueuedAt: 1_990 }), 'M6');
    assertValid(lost({ maybeQueuedAt: 2_010 }), 'M6 lost places', 1);
  });

  it('M6: sees that a holder queued again by the key that it holds', () => {
    const rest = { key: 'n/b2', at: 9_000 };
    const queuedAgain = (history: HistoryBuilder) =>
      history.put('n/b').at(1_100).delete('n/b').put('n/b2').at(9_000).delete('n/a');
    const start = () => new HistoryBuilder().put('n/a');
    assertValid(queuedAgain(start().holder('b', 'n/b', { token: 6n, rest })), 'M6 lost places', 1);
    assertViolation(queuedAgain(start().request('b', 'n/b')), 'M6');
  });

  it('M6: detects a request that is open at the end', () => {
    const open = new HistoryBuilder().request('b', 'n/b', failedAt(1_000));
    assertViolation(open.add({ kind: 'undrained', system: 'ours', incarnation: 'b.0', at: 2_000 }), 'M6');
  });

  it('M7: detects keys and leases that are left behind', () => {
    const ended = () => new HistoryBuilder().request('b', 'n/b', failedAt(1_000));
    assertValid(ended(), 'M7 ends', 1);
    for (const what of ['key', 'lease'] as const)
      assertViolation(ended().add({ kind: 'leftover', system: 'ours', what, id: '1' }), 'M7');
  });

  it('M8: detects a process that ends by itself', () => {
    const crashed = new HistoryBuilder().add({
      ...{ kind: 'crashed', system: 'ours', incarnation: 'b.0' },
      ...{ at: 1_000, text: 'TypeError' },
    });
    assertViolation(crashed, 'M8');
  });

  it('M9: accepts a holder that notices that its key was deleted by hand', () => {
    const deleted = (rest: object) =>
      new HistoryBuilder().put('n/a').holder('a', 'n/a', { rest }).at(2_000).byHand('n/a').delete('n/a');
    assertValid(deleted({ lost: { at: 4_400, reason: '' } }).at(9_000), 'M9 keys deleted by hand', 1);
    assertValid(deleted({ releasingAt: 1_990 }).at(9_000), 'M9 keys deleted by hand', 0);
    assertViolation(deleted({ lost: { at: 4_600, reason: '' } }).at(9_000), 'M9');
    assertViolation(deleted({}).at(9_000), 'M9');
    assertValid(deleted({}).at(2_100).process('killed', 'a').at(9_000), 'M9 keys deleted by hand', 1);
  });
});
