import { assertBreaks, assertKeeps, Scene } from './scene.js';

const mine = { incarnation: 'x.0', lease: 1n };
const story = () => new Scene().start('x.0', 'svc/x').put('svc/x', mine).at(2_000);

describe('the naming chaos, the check of how registrars close', () => {
  it('R4, R6: passes one whose record goes with its close', () => {
    const closed = story().closed('x.0', 20, { revision: 3n }).at(2_010).drop('svc/x');
    assertKeeps(closed, 'R4 closes', 1);
    assertKeeps(closed, 'R6 reachable closes', 1);
  });

  it('R4: finds a record that comes back, at once or late, and lets the next process write it', () => {
    const closed = () => story().at(2_010).drop('svc/x').closed('x.0', 20);
    assertBreaks(closed().put('svc/x', { ...mine, lease: 2n }), 'R4');
    assertBreaks(closed().at(30_000).put('svc/x', { incarnation: 'x.0', lease: 9n }).drop('svc/x'), 'R4');
    assertBreaks(
      closed()
        .put('svc/x', { incarnation: 'x.1', lease: 9n })
        .drop('svc/x')
        .put('svc/x', { ...mine, lease: 2n }),
      'R4',
    );
    assertKeeps(
      closed().start('x.1', 'svc/x').put('svc/x', { incarnation: 'x.1', lease: 9n }),
      'R4 closes',
      1,
    );
  });

  it('R6: finds a close that takes too long, heard or not', () => {
    assertBreaks(story().drop('svc/x').closed('x.0', 6_100), 'R6');
    assertBreaks(story().closed('x.0', 6_100, { cutOff: true }).at(5_000).drop('svc/x'), 'R6');
    assertKeeps(story().drop('svc/x').closed('x.0', 5_900), 'R6 closes', 1);
  });

  it('R6: finds a record that stands when its close has returned', () => {
    assertBreaks(story().closed('x.0', 20), 'R6');
    assertBreaks(story().closed('x.0', 20, { revision: 2n }).at(2_500).drop('svc/x'), 'R6');
    assertBreaks(
      story()
        .closed('x.0', 20, { revision: 3n })
        .at(2_500)
        .put('svc/x', { ...mine, turn: 1 }),
      'R6',
    );
  });

  it('R6: gives one that etcd did not hear its lease’s time, and no more', () => {
    assertKeeps(
      story().closed('x.0', 5_000, { cutOff: true }).at(6_400).drop('svc/x'),
      'R6 unreachable closes',
      1,
    );
    assertBreaks(story().closed('x.0', 5_000, { cutOff: true }).at(7_000).drop('svc/x'), 'R6');
    assertBreaks(story().closed('x.0', 5_000, { cutOff: true }).at(9_000), 'R6');
  });
});
