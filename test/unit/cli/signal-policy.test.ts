import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { SignalPolicy } from '#src/cli/running/signal-policy.js';
import { programSignals } from '#src/cli/signals.js';

describe('signals to a command that runs a program', () => {
  /** The actions for these signals, a second apart unless a time says otherwise. */
  const actions = (policy: SignalPolicy, ...signals: (NodeJS.Signals | [NodeJS.Signals, number])[]) =>
    signals.map((one, i) =>
      typeof one === 'string' ? policy.decide(one, i * 1_000) : policy.decide(one[0], one[1]),
    );

  it('are caught as far as the system lets a process catch them, each number once', function () {
    if (process.platform !== 'linux') this.skip();
    const numbers = programSignals.map((name) => constants.signals[name]);
    assert.equal(new Set(numbers).size, numbers.length, 'an alias would pass a signal on twice');
    const left = Object.entries(constants.signals).filter(([, number]) => !numbers.includes(number as never));
    assert.deepEqual(left.map(([name]) => name).sort(), [
      ...['SIGBUS', 'SIGCHLD', 'SIGFPE', 'SIGILL', 'SIGKILL', 'SIGPIPE', 'SIGSEGV', 'SIGSTOP', 'SIGSYS'],
      ...['SIGTRAP', 'SIGXFSZ'],
    ]);
  });

  it('end, hurry and kill when the end is asked for once, twice and three times', () => {
    const policy = new SignalPolicy();
    assert.deepEqual(actions(policy, 'SIGTERM', 'SIGTERM', 'SIGTERM'), ['end', 'hurry', 'kill']);
    assert.deepEqual(policy.passOn(), ['SIGTERM']);
  });

  it('reach the program in their order, each kind once, when the record is withdrawn', () => {
    const policy = new SignalPolicy();
    assert.deepEqual(actions(policy, 'SIGINT', 'SIGTERM'), ['end', 'hurry']);
    assert.deepEqual(policy.passOn(), ['SIGINT', 'SIGTERM']);
    assert.deepEqual(policy.passOn(), []);
  });

  it('are passed on one by one after that, and the third kills', () => {
    const policy = new SignalPolicy();
    assert.deepEqual(actions(policy, 'SIGTERM'), ['end']);
    policy.passOn();
    assert.deepEqual(actions(policy, ['SIGTERM', 5_000], ['SIGINT', 6_000]), ['forward', 'kill']);
  });

  it('count once when one request brings them twice, as Ctrl-C below npm does', () => {
    const policy = new SignalPolicy();
    assert.deepEqual(actions(policy, ['SIGINT', 0], ['SIGINT', 2], ['SIGINT', 249]), [
      'end',
      'ignore',
      'ignore',
    ]);
    assert.deepEqual(actions(policy, ['SIGINT', 250], ['SIGINT', 251]), ['hurry', 'ignore']);
  });

  it('of a terminal that closes, or behind systemd’s SIGTERM, do not hurry', () => {
    assert.deepEqual(actions(new SignalPolicy(), 'SIGHUP', 'SIGHUP', 'SIGHUP'), ['end', 'ignore', 'ignore']);
    const policy = new SignalPolicy();
    assert.deepEqual(actions(policy, 'SIGTERM', 'SIGHUP'), ['end', 'ignore']);
    assert.deepEqual(policy.passOn(), ['SIGTERM', 'SIGHUP']);
    assert.deepEqual(actions(policy, ['SIGHUP', 9_000]), ['forward']);
  });

  it('of job control suspend, and every other is passed on at once, before and after the end', () => {
    const policy = new SignalPolicy();
    const others = programSignals.filter((name) => !['SIGINT', 'SIGTERM', 'SIGHUP'].includes(name));
    const expected = others.map((name) => (/TSTP|TT(IN|OU)/.test(name) ? 'suspend' : 'forward'));
    assert.deepEqual(actions(policy, ...others), expected);
    actions(policy, 'SIGTERM');
    policy.passOn();
    assert.deepEqual(actions(policy, ...others), expected);
  });
});
