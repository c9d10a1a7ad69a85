import { assertValid, assertViolation, HistoryBuilder } from './history-builder.js';

const mine = { incarnation: 'x.0', lease: 1n };
const base = () => new HistoryBuilder().start('x.0', 'svc/x').put('svc/x', mine).at(2_000);

describe('the naming chaos check of closing registrars', () => {
  it('R4, R6: accepts a close that deletes the record', () => {
    const closed = base().closed('x.0', 20, { revision: 3n }).at(2_010).delete('svc/x');
    assertValid(closed, 'R4 closes', 1);
    assertValid(closed, 'R6 reachable closes', 1);
  });

  it('R4: detects a record that is stored again, immediately or later, and allows the next process to store it', () => {
    const closed = () => base().at(2_010).delete('svc/x').closed('x.0', 20);
    assertViolation(closed().put('svc/x', { ...mine, lease: 2n }), 'R4');
    assertViolation(
      closed().at(30_000).put('svc/x', { incarnation: 'x.0', lease: 9n }).delete('svc/x'),
      'R4',
    );
    assertViolation(
      closed()
        .put('svc/x', { incarnation: 'x.1', lease: 9n })
        .delete('svc/x')
        .put('svc/x', { ...mine, lease: 2n }),
      'R4',
    );
    assertValid(
      closed().start('x.1', 'svc/x').put('svc/x', { incarnation: 'x.1', lease: 9n }),
      'R4 closes',
      1,
    );
  });

  it('R6: detects a close that takes too long, whether or not etcd was reachable', () => {
    assertViolation(base().delete('svc/x').closed('x.0', 6_100), 'R6');
    assertViolation(base().closed('x.0', 6_100, { cutOff: true }).at(5_000).delete('svc/x'), 'R6');
    assertValid(base().delete('svc/x').closed('x.0', 5_900), 'R6 closes', 1);
  });

  it('R6: detects a record that exists after its close has returned', () => {
    assertViolation(base().closed('x.0', 20), 'R6');
    assertViolation(base().closed('x.0', 20, { revision: 2n }).at(2_500).delete('svc/x'), 'R6');
    assertViolation(
      base()
        .closed('x.0', 20, { revision: 3n })
        .at(2_500)
        .put('svc/x', { ...mine, turn: 1 }),
      'R6',
    );
  });

  it('R6: allows a record until its lease expires if etcd was unreachable, and no longer', () => {
    assertValid(
      base().closed('x.0', 5_000, { cutOff: true }).at(6_400).delete('svc/x'),
      'R6 unreachable closes',
      1,
    );
    assertViolation(base().closed('x.0', 5_000, { cutOff: true }).at(7_000).delete('svc/x'), 'R6');
    assertViolation(base().closed('x.0', 5_000, { cutOff: true }).at(9_000), 'R6');
  });
});
