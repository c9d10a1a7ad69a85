import { assertValid, assertViolation, HistoryBuilder } from './history-builder.js';

/** svc/a exists from revision 2 on, svc/b from 3 to 5, a record of another service from 4 on. */
const base = () => new HistoryBuilder().put('svc/a').put('svc/b').put('svc2/x').delete('svc/b');

describe('the naming chaos check of views', () => {
  it('N1, N2: accepts correct views, and views that are newer than the recorded truth', () => {
    const views = base()
      .view({}, { revision: 1n })
      .view({ 'svc/a': 2n }, { revision: 2n })
      .view({ 'svc/a': 2n, 'svc/b': 3n }, { revision: 3n })
      .view({ 'svc/a': 2n })
      .view({ 'svc/unknown': 98n }, { revision: 99n });
    assertValid(views, 'N1 views', 4);
  });

  it('N1: detects a missing record, an additional one, an old version, and one of another service', () => {
    assertViolation(base().view({ 'svc/a': 2n }, { revision: 3n }), 'N1');
    assertViolation(base().view({ 'svc/a': 2n, 'svc/b': 3n }), 'N1');
    assertViolation(base().view({ 'svc/a': 1n, 'svc/b': 3n }, { revision: 3n }), 'N1');
    assertViolation(base().view({ 'svc/a': 2n, 'svc/b': 3n, 'svc2/x': 4n }, { revision: 4n }), 'N1');
  });

  it('N2: detects a viewer whose revision decreases, and allows another viewer to lag', () => {
    const current = () => base().view({ 'svc/a': 2n, 'svc/b': 3n }, { revision: 3n });
    assertViolation(current().view({ 'svc/a': 2n }, { revision: 2n }), 'N2');
    assertViolation(current().view({}, { revision: 1n }), 'N2');
    assertValid(current().view({ 'svc/a': 2n }, { revision: 2n, viewer: 'other.0' }), 'N2 views', 2);
  });

  it('N3: detects a deleted record that reappears, also as an unconfirmed one, and allows it to be put again', () => {
    const withoutB = () => base().put('svc/c').view({ 'svc/a': 2n, 'svc/c': 6n });
    const again = { 'svc/a': 2n, 'svc/b': 3n, 'svc/c': 6n };
    assertViolation(withoutB().view(again, { revision: 99n }), 'N3');
    const unconfirmed = () => withoutB().delete('svc/a', 'svc/c');
    assertViolation(
      unconfirmed()
        .at(9_000)
        .view({ 'svc/b': 3n }, { unconfirmedKeys: ['svc/b'] }),
      'N3',
    );
    assertValid(
      unconfirmed()
        .at(2_000)
        .view({ 'svc/b': 3n }, { unconfirmedKeys: ['svc/b'] }),
      'N3 deletes',
      3,
    );
    const stillUnconfirmed = unconfirmed()
      .at(2_000)
      .view({ 'svc/b': 3n }, { unconfirmedKeys: ['svc/b'] })
      .at(5_500)
      .view({ 'svc/b': 3n, 'svc/c': 6n }, { unconfirmedKeys: ['svc/b', 'svc/c'] });
    assertValid(stillUnconfirmed.at(5_900).view({}), 'N3 deletes', 3);
    const putAgain = withoutB().put('svc/b').view({ 'svc/a': 2n, 'svc/b': 7n, 'svc/c': 6n });
    assertValid(putAgain, 'N3 deletes', 1);
  });

  it('N3: detects a record that reappears in the next view, and one that reappears a second time', () => {
    const withoutB = () => base().view({ 'svc/a': 2n });
    assertViolation(withoutB().view({ 'svc/a': 2n, 'svc/b': 3n }, { revision: 98n }), 'N3');
    const twice = withoutB().put('svc/b').delete('svc/b').view({ 'svc/a': 2n }, { viewer: 'w.0' });
    assertViolation(twice.view({ 'svc/a': 2n, 'svc/b': 6n }, { viewer: 'w.0', revision: 99n }), 'N3');
  });

  it('N6: detects a view that is empty although the store is not, or before the store is known', () => {
    assertViolation(base().view({}, { revision: 3n }), 'N6');
    assertViolation(base().view({}), 'N6');
    assertViolation(base().view({}, { revision: 0n }), 'N6');
    assertValid(base().delete('svc/a').view({}), 'N6 empty views', 1);
  });

  it('N6: allows an empty view of a service whose only value is not an endpoint', () => {
    const bad = new HistoryBuilder().put('svc/a', { value: '{broken' }).view({}, { invalid: ['svc/a'] });
    assertValid(bad, 'N6 empty views', 1);
  });

  it('N10: accepts invalid records that are reported, and values that Go accepts as endpoints', () => {
    const values = ['[]', '{broken', '"text"', '{"Addr":5}', 'null', '{}', '{"Op":"x"}'];
    const builder = new HistoryBuilder();
    for (const [i, value] of values.entries()) builder.put(`svc/${i}`, { value });
    const invalid = ['svc/0', 'svc/1', 'svc/2', 'svc/3', 'svc/6'];
    assertValid(builder.view({ 'svc/4': 6n, 'svc/5': 7n }, { invalid }), 'N10 views with invalid records', 1);
  });

  it('N10: detects an invalid record that is not reported, a valid one that is, and one that hides another', () => {
    const bad = () => new HistoryBuilder().put('svc/a').put('svc/bad', { value: '[]' });
    assertViolation(bad().view({ 'svc/a': 2n }), 'N10');
    assertViolation(bad().view({ 'svc/a': 2n }, { invalid: ['svc/a', 'svc/bad'] }), 'N10');
    assertViolation(
      bad()
        .delete('svc/bad')
        .view({ 'svc/a': 2n }, { invalid: ['svc/bad'] }),
      'N10',
    );
    assertViolation(
      bad()
        .put('svc/c')
        .view({ 'svc/c': 4n }, { invalid: ['svc/bad'] }),
      'N1',
    );
  });

  it('N11: detects a view that is delivered again with only another revision', () => {
    assertViolation(base().view({ 'svc/a': 2n }).view({ 'svc/a': 2n }), 'N11');
    assertViolation(base().view({ 'svc/a': 2n }).put('else').view({ 'svc/a': 2n }), 'N11');
    const bad = base()
      .put('svc/z', { value: '[]' })
      .view({ 'svc/a': 2n }, { invalid: ['svc/z'] });
    assertViolation(bad.put('svc/z', { value: '{' }).view({ 'svc/a': 2n }, { invalid: ['svc/z'] }), 'N11');
    const changed = base().view({ 'svc/a': 2n }).put('svc/a').view({ 'svc/a': 6n });
    assertValid(changed, 'N11 pairs of views', 1);
  });

  it('N11: detects a view that is delivered after the end of its subscription', () => {
    const left = () => base().view({ 'svc/a': 2n }).add({ kind: 'unsubscribed', viewer: 'v.0', at: 2_000 });
    assertViolation(left().at(2_001).put('svc/c').view({ 'svc/a': 2n, 'svc/c': 6n }), 'N11');
    assertViolation(left().at(9_000).delete('svc/a').view({}), 'N11');
    assertValid(left().at(2_001).view({ 'svc/a': 2n }, { viewer: 'v.1' }), 'N11 unsubscribes', 1);
  });
});
