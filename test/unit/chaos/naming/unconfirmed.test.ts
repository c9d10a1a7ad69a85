import { assertBreaks, assertKeeps, Scene } from './scene.js';

const both = { 'svc/a': 2n, 'svc/b': 3n };
const held = ['svc/a', 'svc/b'];
const known = () => new Scene().put('svc/a').put('svc/b').view(both);
/** Emptied while v.0 could not see it, at revision 4. */
const emptied = () =>
  known()
    .drop('svc/a', 'svc/b')
    .add({ kind: 'emptied', service: 'svc', revision: 4n, unseenBy: ['v.0'] });

describe('the naming chaos, the check of what naming holds back from disappearing', () => {
  it('N7: passes a service that is held, and let go of in time', () => {
    const scene = emptied().at(2_000).view(both, { held }).at(5_000).view({});
    assertKeeps(scene, 'N7 protections', 2);
    assertKeeps(scene, 'N7 unseen losses', 1);
  });

  it('N7: finds records that are held too long: to the next view, to the end, and to the reader’s farewell', () => {
    assertBreaks(emptied().at(2_000).view(both, { held }).at(6_500).view({}), 'N7');
    assertBreaks(emptied().at(2_000).view(both, { held }).at(9_000), 'N7');
    const left = emptied()
      .at(2_000)
      .view(both, { held })
      .add({ kind: 'unsubscribed', viewer: 'v.0', at: 7_000 });
    assertBreaks(left.at(20_000), 'N7');
  });

  it('N7: does not count the time for which the viewer stood still, or was dead', () => {
    const frozen = emptied().at(2_000).view(both, { held }).at(3_000).befalls('paused', 'v.0');
    assertKeeps(frozen.at(9_000).befalls('resumed', 'v.0').at(10_000).view({}), 'N7 protections', 2);
    assertKeeps(
      emptied().at(2_000).view(both, { held }).at(3_000).befalls('killed', 'v.0').at(30_000),
      'N7 protections',
      2,
    );
  });

  it('N7: counts from the end of the last fault, and not while one lasts', () => {
    const fault = (to: number) =>
      ({ kind: 'fault', name: 'kill', target: 'm0', clients: 'all', from: 3_000, to, hit: true }) as const;
    const scene = (to: number) => emptied().at(2_000).view(both, { held }).add(fault(to));
    assertKeeps(scene(8_000).at(11_500).view({}), 'N7 protections', 2);
    assertKeeps(scene(60_000).at(50_000).view({}), 'N7 protections', 2);
    assertBreaks(scene(8_000).at(13_500).view({}), 'N7');
  });

  it('N7: finds a loss that no watch saw and that takes effect immediately, in whole or in part', () => {
    assertBreaks(emptied().at(2_000).view({}), 'N7');
    assertBreaks(
      emptied()
        .at(2_000)
        .view({ 'svc/a': 2n }, { held: ['svc/a'] })
        .at(5_000)
        .view({}),
      'N7',
    );
  });

  it('N7: lets those believe it who saw it, and those who knew nothing', () => {
    assertKeeps(known().drop('svc/a', 'svc/b').view({}), 'N7 unseen losses', 0);
    const stranger = new Scene()
      .put('svc/a')
      .drop('svc/a')
      .add({ kind: 'emptied', service: 'svc', revision: 3n, unseenBy: ['v.0'] });
    assertKeeps(stranger.view({}), 'N7 unseen losses', 0);
  });

  it('N7: finds a record that is held of a service that was not empty since', () => {
    assertBreaks(
      known()
        .drop('svc/a')
        .view(both, { held: ['svc/a'] }),
      'N7',
    );
    const before = new Scene().put('svc/z').drop('svc/z').put('svc/a').put('svc/b').drop('svc/a');
    assertBreaks(before.view({ 'svc/a': 4n, 'svc/b': 5n }, { held: ['svc/a'] }), 'N7');
    const returned = emptied()
      .at(2_000)
      .put('svc/b')
      .view({ 'svc/a': 2n, 'svc/b': 5n }, { held: ['svc/a'] });
    assertKeeps(returned, 'N7 protections', 1);
  });

  it('N7: lets a record be held that went while etcd or the viewer may have stood still, or soon after', () => {
    const pause = { kind: 'fault', name: 'pause', target: 'm0', clients: 'all', hit: true } as const;
    const one = (at: number) =>
      known()
        .drop('svc/a')
        .add({ ...pause, from: 1_000, to: 2_000 })
        .at(at)
        .view(both, { held: ['svc/a'] });
    assertKeeps(one(4_000).at(6_000).view({ 'svc/b': 3n }), 'N7 protections', 1);
    assertBreaks(one(9_000).at(9_500).view({ 'svc/b': 3n }), 'N7');
    const frozen = known()
      .drop('svc/a')
      .at(1_000)
      .befalls('paused', 'v.0')
      .at(4_000)
      .befalls('resumed', 'v.0');
    assertKeeps(
      frozen
        .at(4_100)
        .view(both, { held: ['svc/a'] })
        .at(6_000)
        .view({ 'svc/b': 3n }),
      'N7 protections',
      1,
    );
  });
});
