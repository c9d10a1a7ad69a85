import { assertBreaks, assertKeeps, Scene } from './scene.js';

const first = { incarnation: 'x.0', lease: 1n };
const second = { incarnation: 'y.0', lease: 2n };
const story = () =>
  new Scene().start('x.0', 'svc/x').start('y.0', 'svc/x').put('svc/x', first).registered('x.0', 1n);
const died = () => story().at(2_000).befalls('killed', 'x.0').fault('kill', ['x'], 2_000, 2_100);

describe('the naming chaos, the check of who holds a record', () => {
  it('R1: passes a record that outlives its owner by its lease, and counts it', () => {
    assertKeeps(died().at(5_200).drop('svc/x'), 'R1 deaths', 1);
    assertKeeps(
      story().at(2_000).befalls('paused', 'x.0').at(4_900).befalls('resumed', 'x.0').at(30_000),
      'R1 deaths',
      0,
    );
  });

  it('R1: finds a record that outlives a dead owner, or one that stands still', () => {
    assertBreaks(died().at(7_000).drop('svc/x'), 'R1');
    assertBreaks(died().at(9_000), 'R1');
    assertBreaks(story().at(2_000).befalls('paused', 'x.0').at(9_000).befalls('resumed', 'x.0'), 'R1');
    assertBreaks(
      died().at(5_000).drop('svc/x').at(9_000).put('svc/x', { incarnation: 'x.0', lease: 3n }),
      'R1',
    );
  });

  it('R1: lets it live on for as long as an election, or members that are broken, make it', () => {
    assertKeeps(
      story().term(3).at(1_900).term(4).at(2_000).befalls('killed', 'x.0').at(10_000).drop('svc/x'),
      'R1 deaths',
      1,
    );
    assertBreaks(
      story().term(3).at(1_900).term(4).at(2_000).befalls('killed', 'x.0').at(11_000).drop('svc/x'),
      'R1',
    );
    assertKeeps(died().fault('pause-majority', 'all', 3_000, 6_000).at(9_000).drop('svc/x'), 'R1 deaths', 1);
    assertBreaks(died().fault('refuse', ['v'], 3_000, 6_000).at(9_000).drop('svc/x'), 'R1');
  });

  it('R3: passes who comes back under another lease', () => {
    const back = story()
      .at(2_000)
      .drop('svc/x')
      .put('svc/x', { incarnation: 'x.0', lease: 3n })
      .registered('x.0', 3n);
    assertKeeps(back, 'R3 re-registrations', 1);
    assertKeeps(story().put('svc/x', { ...first, turn: 1 }), 'R3 re-registrations', 0);
  });

  it('R3: finds who comes back under the same lease, or beside its key, or is notified of a record that is not there', () => {
    assertBreaks(story().drop('svc/x').put('svc/x', first), 'R3');
    assertBreaks(story().put('svc/other', first), 'R3');
    assertBreaks(story().registered('x.0', 1n), 'R3');
    assertBreaks(story().put('svc/a').registered('x.0', 5n), 'R3');
  });

  it('R5: passes one that takes over when the former is dead, or was replaced and notified', () => {
    assertKeeps(died().at(5_200).drop('svc/x').put('svc/x', second).at(30_000), 'R5 changes of owner', 1);
    const driven = story().at(2_000).fault('blackhole', ['x'], 2_000, 6_000).lost('x.0', 1n);
    assertKeeps(driven.at(5_200).drop('svc/x').put('svc/x', second).at(30_000), 'R5 losers', 1);
  });

  it('R5: finds one that writes over the other, or takes over without a cause', () => {
    assertBreaks(died().at(3_000).put('svc/x', second), 'R5');
    const idle = () => story().at(5_000).drop('svc/x').put('svc/x', second).lost('x.0', 1n).at(30_000);
    assertBreaks(idle(), 'R5');
    assertBreaks(idle().fault('reset', ['y'], 4_000, 4_100), 'R5');
    assertBreaks(idle().fault('reset', ['x'], 25_000, 25_100), 'R5');
  });

  it('R5: finds two that take turns for one fault', () => {
    const scene = story().fault('reset', 'all', 1_900, 2_000);
    for (let turn = 0; turn < 3; turn++) {
      const [from, to] = turn % 2 === 0 ? (['x.0', 'y.0'] as const) : (['y.0', 'x.0'] as const);
      const lease = BigInt(turn + 2);
      scene
        .at(3_000 + turn * 100)
        .drop('svc/x')
        .lost(from, lease - 1n)
        .put('svc/x', { incarnation: to, lease });
    }
    assertBreaks(scene.at(30_000), 'R5');
  });

  it('R5: finds a loser that is not notified, or late', () => {
    const driven = () =>
      story().fault('revoke', ['x'], 1_900, 2_000).at(2_000).drop('svc/x').put('svc/x', second);
    assertBreaks(driven().at(30_000), 'R5');
    assertBreaks(driven().at(8_000).lost('x.0', 1n).at(30_000), 'R5');
    assertBreaks(driven().at(2_100).lost('x.0', 9n).at(30_000), 'R5');
    assertKeeps(driven().at(2_100).lost('x.0', 1n).at(30_000), 'R5 losers', 1);
  });

  it('R5: lets a restarted owner take its own record over', () => {
    const restarted = died().start('x.1', 'svc/x').at(2_500).put('svc/x', { incarnation: 'x.1', lease: 3n });
    assertKeeps(restarted, 'R5 changes of owner', 0);
  });
});
