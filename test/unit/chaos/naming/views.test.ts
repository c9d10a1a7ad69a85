import { assertBreaks, assertKeeps, Scene } from './scene.js';

/** svc/a from 2 on, svc/b from 3 to 5, a neighbour's from 4 on. */
const story = () => new Scene().put('svc/a').put('svc/b').put('svc2/x').drop('svc/b');

describe('the naming chaos, the check of what naming showed', () => {
  it('N1, N2: passes what was true, and what is not yet in the truth', () => {
    const views = story()
      .view({}, { revision: 1n })
      .view({ 'svc/a': 2n }, { revision: 2n })
      .view({ 'svc/a': 2n, 'svc/b': 3n }, { revision: 3n })
      .view({ 'svc/a': 2n })
      .view({ 'svc/unknown': 98n }, { revision: 99n });
    assertKeeps(views, 'N1 views', 4);
  });

  it('N1: finds a record that is missing, one that is too many, an old version, and another service’s', () => {
    assertBreaks(story().view({ 'svc/a': 2n }, { revision: 3n }), 'N1');
    assertBreaks(story().view({ 'svc/a': 2n, 'svc/b': 3n }), 'N1');
    assertBreaks(story().view({ 'svc/a': 1n, 'svc/b': 3n }, { revision: 3n }), 'N1');
    assertBreaks(story().view({ 'svc/a': 2n, 'svc/b': 3n, 'svc2/x': 4n }, { revision: 4n }), 'N1');
  });

  it('N2: finds a viewer that goes back, and lets another be behind', () => {
    const late = () => story().view({ 'svc/a': 2n, 'svc/b': 3n }, { revision: 3n });
    assertBreaks(late().view({ 'svc/a': 2n }, { revision: 2n }), 'N2');
    assertBreaks(late().view({}, { revision: 1n }), 'N2');
    assertKeeps(late().view({ 'svc/a': 2n }, { revision: 2n, viewer: 'other.0' }), 'N2 views', 2);
  });

  it('N3: finds a deleted record that comes back, also as an unconfirmed one, and lets it be put again', () => {
    const gone = () => story().put('svc/c').view({ 'svc/a': 2n, 'svc/c': 6n });
    const again = { 'svc/a': 2n, 'svc/b': 3n, 'svc/c': 6n };
    assertBreaks(gone().view(again, { revision: 99n }), 'N3');
    const unconfirmed = () => gone().drop('svc/a', 'svc/c');
    assertBreaks(
      unconfirmed()
        .at(9_000)
        .view({ 'svc/b': 3n }, { held: ['svc/b'] }),
      'N3',
    );
    assertKeeps(
      unconfirmed()
        .at(2_000)
        .view({ 'svc/b': 3n }, { held: ['svc/b'] }),
      'N3 deletes',
      3,
    );
    const staysHeld = unconfirmed()
      .at(2_000)
      .view({ 'svc/b': 3n }, { held: ['svc/b'] })
      .at(5_500)
      .view({ 'svc/b': 3n, 'svc/c': 6n }, { held: ['svc/b', 'svc/c'] });
    assertKeeps(staysHeld.at(5_900).view({}), 'N3 deletes', 3);
    const putAgain = gone().put('svc/b').view({ 'svc/a': 2n, 'svc/b': 7n, 'svc/c': 6n });
    assertKeeps(putAgain, 'N3 deletes', 1);
  });

  it('N3: finds what comes back in the very next view, and what does so a second time', () => {
    const gone = () => story().view({ 'svc/a': 2n });
    assertBreaks(gone().view({ 'svc/a': 2n, 'svc/b': 3n }, { revision: 98n }), 'N3');
    const twice = gone().put('svc/b').drop('svc/b').view({ 'svc/a': 2n }, { viewer: 'w.0' });
    assertBreaks(twice.view({ 'svc/a': 2n, 'svc/b': 6n }, { viewer: 'w.0', revision: 99n }), 'N3');
  });

  it('N6: finds a view that is empty when the store is not, or before the store is known', () => {
    assertBreaks(story().view({}, { revision: 3n }), 'N6');
    assertBreaks(story().view({}), 'N6');
    assertBreaks(story().view({}, { revision: 0n }), 'N6');
    assertKeeps(story().drop('svc/a').view({}), 'N6 empty views', 1);
  });

  it('N6: lets a service be empty whose only value is no endpoint', () => {
    const bad = new Scene().put('svc/a', { value: '{broken' }).view({}, { invalid: ['svc/a'] });
    assertKeeps(bad, 'N6 empty views', 1);
  });

  it('N10: passes bad records that are counted, and what is an endpoint to Go', () => {
    const values = ['[]', '{broken', '"text"', '{"Addr":5}', 'null', '{}', '{"Op":"x"}'];
    const scene = new Scene();
    for (const [i, value] of values.entries()) scene.put(`svc/${i}`, { value });
    const invalid = ['svc/0', 'svc/1', 'svc/2', 'svc/3', 'svc/6'];
    assertKeeps(scene.view({ 'svc/4': 6n, 'svc/5': 7n }, { invalid }), 'N10 views with bad records', 1);
  });

  it('N10: finds a bad record that is not counted, a good one that is, and one that takes another’s place', () => {
    const bad = () => new Scene().put('svc/a').put('svc/bad', { value: '[]' });
    assertBreaks(bad().view({ 'svc/a': 2n }), 'N10');
    assertBreaks(bad().view({ 'svc/a': 2n }, { invalid: ['svc/a', 'svc/bad'] }), 'N10');
    assertBreaks(
      bad()
        .drop('svc/bad')
        .view({ 'svc/a': 2n }, { invalid: ['svc/bad'] }),
      'N10',
    );
    assertBreaks(
      bad()
        .put('svc/c')
        .view({ 'svc/c': 4n }, { invalid: ['svc/bad'] }),
      'N1',
    );
  });

  it('N11: finds a view that is delivered again with nothing new but its revision', () => {
    assertBreaks(story().view({ 'svc/a': 2n }).view({ 'svc/a': 2n }), 'N11');
    assertBreaks(story().view({ 'svc/a': 2n }).put('else').view({ 'svc/a': 2n }), 'N11');
    const bad = story()
      .put('svc/z', { value: '[]' })
      .view({ 'svc/a': 2n }, { invalid: ['svc/z'] });
    assertBreaks(bad.put('svc/z', { value: '{' }).view({ 'svc/a': 2n }, { invalid: ['svc/z'] }), 'N11');
    const changed = story().view({ 'svc/a': 2n }).put('svc/a').view({ 'svc/a': 6n });
    assertKeeps(changed, 'N11 pairs of views', 1);
  });

  it('N11: finds a view that is delivered after its reader has left', () => {
    const left = () => story().view({ 'svc/a': 2n }).add({ kind: 'unsubscribed', viewer: 'v.0', at: 2_000 });
    assertBreaks(left().at(2_001).put('svc/c').view({ 'svc/a': 2n, 'svc/c': 6n }), 'N11');
    assertBreaks(left().at(9_000).drop('svc/a').view({}), 'N11');
    assertKeeps(left().at(2_001).view({ 'svc/a': 2n }, { viewer: 'v.1' }), 'N11 unsubscribes', 1);
  });
});
