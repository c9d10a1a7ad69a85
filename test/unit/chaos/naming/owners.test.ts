import { assertValid, assertViolation, HistoryBuilder } from './history-builder.js';

const first = { incarnation: 'x.0', lease: 1n };
const second = { incarnation: 'y.0', lease: 2n };
const base = () =>
  new HistoryBuilder().start('x.0', 'svc/x').start('y.0', 'svc/x').put('svc/x', first).registered('x.0', 1n);
const died = () => base().at(2_000).processEvent('killed', 'x.0').fault('kill', ['x'], 2_000, 2_100);

describe('the naming chaos check of record owners', () => {
  it('R1: accepts a record that exists until the lease of its dead owner expires, and counts it', () => {
    assertValid(died().at(5_200).delete('svc/x'), 'R1 deaths', 1);
    assertValid(
      base().at(2_000).processEvent('paused', 'x.0').at(4_900).processEvent('resumed', 'x.0').at(30_000),
      'R1 deaths',
      0,
    );
  });

  it('R1: detects a record that exists longer than the lease of a dead or stopped owner', () => {
    assertViolation(died().at(7_000).delete('svc/x'), 'R1');
    assertViolation(died().at(9_000), 'R1');
    assertViolation(
      base().at(2_000).processEvent('paused', 'x.0').at(9_000).processEvent('resumed', 'x.0'),
      'R1',
    );
    assertViolation(
      died().at(5_000).delete('svc/x').at(9_000).put('svc/x', { incarnation: 'x.0', lease: 3n }),
      'R1',
    );
  });

  it('R1: allows more time for an election and for broken members', () => {
    assertValid(
      base().term(3).at(1_900).term(4).at(2_000).processEvent('killed', 'x.0').at(10_000).delete('svc/x'),
      'R1 deaths',
      1,
    );
    assertViolation(
      base().term(3).at(1_900).term(4).at(2_000).processEvent('killed', 'x.0').at(11_000).delete('svc/x'),
      'R1',
    );
    assertValid(
      died().fault('pause-majority', 'all', 3_000, 6_000).at(9_000).delete('svc/x'),
      'R1 deaths',
      1,
    );
    assertViolation(died().fault('refuse', ['v'], 3_000, 6_000).at(9_000).delete('svc/x'), 'R1');
  });

  it('R3: accepts a registration under another lease', () => {
    const back = base()
      .at(2_000)
      .delete('svc/x')
      .put('svc/x', { incarnation: 'x.0', lease: 3n })
      .registered('x.0', 3n);
    assertValid(back, 'R3 re-registrations', 1);
    assertValid(base().put('svc/x', { ...first, turn: 1 }), 'R3 re-registrations', 0);
  });

  it('R3: detects a registration under the same lease or another key, and a report of a record that does not exist', () => {
    assertViolation(base().delete('svc/x').put('svc/x', first), 'R3');
    assertViolation(base().put('svc/other', first), 'R3');
    assertViolation(base().registered('x.0', 1n), 'R3');
    assertViolation(base().put('svc/a').registered('x.0', 5n), 'R3');
  });

  it('R5: accepts a takeover after the previous owner died or was notified of its loss', () => {
    assertValid(died().at(5_200).delete('svc/x').put('svc/x', second).at(30_000), 'R5 changes of owner', 1);
    const replaced = base().at(2_000).fault('blackhole', ['x'], 2_000, 6_000).lost('x.0', 1n);
    assertValid(replaced.at(5_200).delete('svc/x').put('svc/x', second).at(30_000), 'R5 replaced owners', 1);
  });

  it('R5: detects a takeover of a live record, and one without a fault of the owner', () => {
    assertViolation(died().at(3_000).put('svc/x', second), 'R5');
    const idle = () => base().at(5_000).delete('svc/x').put('svc/x', second).lost('x.0', 1n).at(30_000);
    assertViolation(idle(), 'R5');
    assertViolation(idle().fault('reset', ['y'], 4_000, 4_100), 'R5');
    assertViolation(idle().fault('reset', ['x'], 25_000, 25_100), 'R5');
  });

  it('R5: detects repeated takeovers after one fault', () => {
    const builder = base().fault('reset', 'all', 1_900, 2_000);
    for (let turn = 0; turn < 3; turn++) {
      const [from, to] = turn % 2 === 0 ? (['x.0', 'y.0'] as const) : (['y.0', 'x.0'] as const);
      const lease = BigInt(turn + 2);
      builder
        .at(3_000 + turn * 100)
        .delete('svc/x')
        .lost(from, lease - 1n)
        .put('svc/x', { incarnation: to, lease });
    }
    assertViolation(builder.at(30_000), 'R5');
  });

  it('R5: detects a previous owner that is not notified, or is notified late', () => {
    const replaced = () =>
      base().fault('revoke', ['x'], 1_900, 2_000).at(2_000).delete('svc/x').put('svc/x', second);
    assertViolation(replaced().at(30_000), 'R5');
    assertViolation(replaced().at(8_000).lost('x.0', 1n).at(30_000), 'R5');
    assertViolation(replaced().at(2_100).lost('x.0', 9n).at(30_000), 'R5');
    assertValid(replaced().at(2_100).lost('x.0', 1n).at(30_000), 'R5 replaced owners', 1);
  });

  it('R5: allows a restarted owner to take over its own record', () => {
    const restarted = died().start('x.1', 'svc/x').at(2_500).put('svc/x', { incarnation: 'x.1', lease: 3n });
    assertValid(restarted, 'R5 changes of owner', 0);
  });
});
