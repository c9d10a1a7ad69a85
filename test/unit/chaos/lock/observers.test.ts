import { assertValid, assertViolation, HistoryBuilder } from './history-builder.js';

const leader = (id: string, createRevision: bigint, modRevision = createRevision, value = id) => ({
  ...{ key: `n/${id}`, value, createRevision, modRevision },
});

/** `a` leads from revision 2, proclaims at 3 and is gone at 4; `b` leads from 5. */
const election = () =>
  new HistoryBuilder()
    .observe('beginning')
    .put('n/a', { value: 'a' })
    .put('n/a', { value: 'a2' })
    .delete('n/a')
    .put('n/b', { value: 'b' })
    .at(2_000);
const a = leader('a', 2n);
const a2 = leader('a', 2n, 3n, 'a2');
const b = leader('b', 5n);

describe('the chaos check of observers', () => {
  it('E1: accepts leaders in order, with or without each change', () => {
    assertValid(election().observe(a).observe(a2).observe('none').observe(b), 'E1 leaders', 3);
    assertValid(election().observe(a).observe(b), 'E1 leaders', 2);
  });

  it('E1: accepts a leader that entered the election before the former one proclaimed', () => {
    const waiting = new HistoryBuilder().put('n/a', { value: 'a' }).put('n/b', { value: 'b' });
    const handover = waiting.put('n/a', { value: 'a2' }).delete('n/a');
    assertValid(handover.observe(leader('a', 2n, 4n, 'a2')).observe(leader('b', 3n)), 'E1 leaders', 2);
  });

  it('E1: detects leaders out of order', () => {
    assertViolation(election().observe(b).observe(a), 'E1');
    assertViolation(election().observe(a2).observe(a), 'E1');
    assertViolation(election().observe(a).observe(a), 'E1');
  });

  it('E1: allows a new observation to begin with the present leader', () => {
    assertValid(election().observe(b).observe('beginning').observe(b), 'E4 observations', 2);
  });

  it('E1: detects a leader that did not lead, or had another value', () => {
    assertViolation(election().observe(leader('a', 2n, 2n, 'x')), 'E1');
    assertViolation(election().observe(leader('a', 3n, 3n, 'a2')), 'E1');
    assertViolation(election().observe(leader('x', 2n)), 'E1');
    const waiting = election().put('n/c', { value: 'c' }).put('n/c', { value: 'c2' });
    assertViolation(waiting.observe(leader('c', 6n)), 'E1');
    assertViolation(election().put('n/c', { value: 'c' }).observe(leader('c', 6n)), 'E1');
  });

  it('E2: detects an absence that did not happen', () => {
    assertViolation(election().observe(a).observe('none').observe(a2), 'E2');
    assertViolation(election().observe(b).observe('none'), 'E2');
    const handover = new HistoryBuilder().put('n/a', { value: 'a' }).put('n/b', { value: 'b' }).delete('n/a');
    assertViolation(handover.observe(a).observe('none').observe(leader('b', 3n)), 'E2');
  });

  it('E2: detects an observer that does not see an absence that lasts', () => {
    const gone = () => election().observe(b).at(3_000).delete('n/b');
    assertValid(gone().at(3_100).observe('none').at(20_000), 'E2 absences', 1);
    assertValid(gone().at(5_000), 'E2 absences', 0);
    assertViolation(gone().at(20_000), 'E2');
    assertValid(gone().fault(['o'], 3_000, 19_000).at(20_000), 'E2 absences', 0);
  });

  it('E3: detects an observer that ends with another leader than the true one', () => {
    const final = (shown: string | undefined, now: string | undefined) =>
      election().observe(b).add({ kind: 'final-leader', observer: 'o.0', name: 'n', shown, leader: now });
    assertValid(final('n/b at 5', 'n/b at 5'), 'E3 final leaders', 1);
    assertValid(final(undefined, undefined), 'E3 final leaders', 1);
    assertViolation(final('n/a at 2', 'n/b at 5'), 'E3');
    assertViolation(final('n/b at 5', undefined), 'E3');
  });

  it('E4: detects an observation that ends', () => {
    assertViolation(election().observe(b).observe({ error: 'CompactedError' }), 'E4');
  });
});
