import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { forwardableSignals } from '#src/cli/signals.js';
import { createForwardPolicy, SignalPolicy } from '#src/cli/supervise/signal-policy.js';

describe('signals to a command that runs a program', () => {
  /** The actions for these signals, one second apart unless a time in milliseconds is given. */
  const actions = (policy: SignalPolicy, ...signals: (NodeJS.Signals | [NodeJS.Signals, number])[]) =>
    signals.map((one, i) =>
      typeof one === 'string' ? policy.decide(one, i * 1_000) : policy.decide(one[0], one[1]),
    );

  it('are caught where a process can catch them, each number once', function () {
    if (process.platform !== 'linux') this.skip();
    const numbers = forwardableSignals.map((name) => constants.signals[name]);
    assert.equal(new Set(numbers).size, numbers.length, 'an alias would forward a signal twice');
    const left = Object.entries(constants.signals).filter(([, number]) => !numbers.includes(number as never));
    assert.deepEqual(left.map(([name]) => name).sort(), [
      ...['SIGBUS', 'SIGCHLD', 'SIGFPE', 'SIGILL', 'SIGKILL', 'SIGPIPE', 'SIGSEGV', 'SIGSTOP', 'SIGSYS'],
      ...['SIGTRAP', 'SIGXFSZ'],
    ]);
  });

  it('drain, skip the drain and kill at the first, second and third request', () => {
    const policy = new SignalPolicy();
    assert.deepEqual(actions(policy, 'SIGTERM', 'SIGTERM', 'SIGTERM'), ['drain', 'skip-drain', 'kill']);
    assert.deepEqual(policy.startForwarding(), ['SIGTERM']);
  });

  it('are forwarded in their order, each kind once, when the record is withdrawn', () => {
    const policy = new SignalPolicy();
    assert.deepEqual(actions(policy, 'SIGINT', 'SIGTERM'), ['drain', 'skip-drain']);
    assert.deepEqual(policy.startForwarding(), ['SIGINT', 'SIGTERM']);
    assert.deepEqual(policy.startForwarding(), []);
  });

  it('are forwarded immediately after that, and the third request kills', () => {
    const policy = new SignalPolicy();
    assert.deepEqual(actions(policy, 'SIGTERM'), ['drain']);
    policy.startForwarding();
    assert.deepEqual(actions(policy, ['SIGTERM', 5_000], ['SIGINT', 6_000]), ['forward', 'kill']);
  });

  it('count once when one request sends them twice, as Ctrl-C under npm does', () => {
    const policy = new SignalPolicy();
    assert.deepEqual(actions(policy, ['SIGINT', 0], ['SIGINT', 2], ['SIGINT', 249]), [
      'drain',
      'ignore',
      'ignore',
    ]);
    assert.deepEqual(actions(policy, ['SIGINT', 250], ['SIGINT', 251]), ['skip-drain', 'ignore']);
  });

  it('do not skip the drain for a later SIGHUP: of a closing terminal, or of systemd after SIGTERM', () => {
    assert.deepEqual(actions(new SignalPolicy(), 'SIGHUP', 'SIGHUP', 'SIGHUP'), [
      'drain',
      'ignore',
      'ignore',
    ]);
    const policy = new SignalPolicy();
    assert.deepEqual(actions(policy, 'SIGTERM', 'SIGHUP'), ['drain', 'ignore']);
    assert.deepEqual(policy.startForwarding(), ['SIGTERM', 'SIGHUP']);
    assert.deepEqual(actions(policy, ['SIGHUP', 9_000]), ['forward']);
  });

  it('suspend for job control, and are forwarded immediately otherwise, before and after the drain', () => {
    const policy = new SignalPolicy();
    const others = forwardableSignals.filter((name) => !['SIGINT', 'SIGTERM', 'SIGHUP'].includes(name));
    const expected = others.map((name) => (/TSTP|TT(IN|OU)/.test(name) ? 'suspend' : 'forward'));
    assert.deepEqual(actions(policy, ...others), expected);
    actions(policy, 'SIGTERM');
    policy.startForwarding();
    assert.deepEqual(actions(policy, ...others), expected);
  });
});

describe('signals to a command whose program receives every signal', () => {
  it('are forwarded as often as they arrive, but once for a request that sends them twice', () => {
    const decide = createForwardPolicy();
    assert.deepEqual(
      [0, 100, 250, 1_000].map((at) => decide('SIGTERM', at)),
      ['forward', 'ignore', 'forward', 'forward'],
    );
    assert.deepEqual(
      [2_000, 2_001].map((at) => decide('SIGUSR1', at)),
      ['forward', 'forward'],
    );
  });

  it('suspend the command and the program for job control', () => {
    for (const signal of ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'] as const)
      assert.equal(createForwardPolicy()(signal, 0), 'suspend');
  });
});
