import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '#src/cli/errors.js';
import { GuardedProgram } from '#src/cli/supervise/guarded-program.js';
import { until } from '#src/testing/wait.js';
import { skip } from '../../support/etcd.js';

/** Writes the signals that it receives to the file in `$0`. */
const program = `
  for signal in CONT WINCH; do trap "echo $signal >> $0" $signal; done
  trap 'echo TERM >> $0; kill $! 2>/dev/null; exit 0' TERM
  echo ready >> $0
  while :; do sleep 600 & wait $!; done
`;

describe('a program that runs while a lock is held', () => {
  let folder: string;
  let file: string;

  before(function () {
    if (process.platform === 'win32') skip(this, 'Windows has neither sh nor these signals');
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'guarded-program-'));
    file = join(folder, 'signals');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const lines = () => readFileSync(file, { encoding: 'utf8', flag: 'a+' }).trim().split('\n');
  const prints = (line: string) =>
    until(`the program prints ${line}`, { timeoutMs: 10_000 }, () => lines().includes(line));

  it('is not continued when the lock is lost, which reading it shows before its signal aborts', async () => {
    const ending = new AbortController();
    const tenure = { held: true, signal: ending.signal };
    const command = ['sh', '-c', program, file];
    const options = { command, env: process.env, stopTimeoutMs: 10_000, log: () => {} };
    const running = new GuardedProgram(tenure, options).run({});
    await prints('ready');
    process.emit('SIGCONT', 'SIGCONT');
    await prints('CONT');
    tenure.held = false;
    process.emit('SIGCONT', 'SIGCONT');
    process.emit('SIGWINCH', 'SIGWINCH');
    await prints('WINCH');
    ending.abort(new Error('the lock was lost'));
    await assert.rejects(running, (error) => error instanceof CliError && error.exitCode === 125);
    assert.deepEqual(lines(), ['ready', 'CONT', 'WINCH', 'TERM']);
  });

  it('is killed without being continued when the lock is lost and there is no grace period', async () => {
    const ending = new AbortController();
    const tenure = { held: true, signal: ending.signal };
    const command = ['sh', '-c', program, file];
    const options = { command, env: process.env, stopTimeoutMs: 0, log: () => {} };
    const running = new GuardedProgram(tenure, options).run({});
    await prints('ready');
    tenure.held = false;
    ending.abort(new Error('the lock was lost'));
    await assert.rejects(running, (error) => error instanceof CliError && error.exitCode === 125);
    assert.deepEqual(lines(), ['ready'], 'it has received neither SIGTERM nor SIGCONT');
  });

  it('is not started if the lock is lost before', async () => {
    const tenure = { held: false, signal: AbortSignal.abort(new Error('the lock was lost')) };
    const options = {
      command: ['sh', '-c', program, file],
      env: process.env,
      stopTimeoutMs: 0,
      log: () => {},
    };
    await assert.rejects(new GuardedProgram(tenure, options).run({}), /was not started/);
    assert.deepEqual(lines(), ['']);
  });
});
