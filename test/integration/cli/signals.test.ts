import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { forwardableSignals } from '#src/cli/signals.js';
import { EtcdClient } from '#src/client/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { type CommandProcess, CommandRunner, skipWithoutScript } from './support.js';

/** A program that prints each signal it receives and keeps running. A line of input is its exit code. */
const listener = `
  for (const [name, number] of Object.entries(require('node:os').constants.signals)) {
    if ([4, 5, 7, 8, 9, 11, 19, 31].includes(number)) continue;
    process.on(name, (signal) => console.log('received', signal, number));
  }
  console.log('running, pid', process.pid);
  process.stdin.once('data', (text) => process.exit(Number(text))).once('end', () => process.exit(0));
`;

const endSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const jobControl: readonly NodeJS.Signals[] = ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'];
/** A program survives these without a handler. */
const harmless: readonly NodeJS.Signals[] = ['SIGCONT', 'SIGURG', 'SIGWINCH'];
/** The command cannot catch these and ends without withdrawing its record. */
const uncatchable: readonly NodeJS.Signals[] = [
  ...(['SIGKILL', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGSYS'] as const),
];
/** The command does not forward these, because it causes them itself, and Node survives them. */
const ignored: readonly NodeJS.Signals[] = ['SIGPIPE', 'SIGXFSZ', 'SIGCHLD'];
const noCoreDump = 'ulimit -c 0';

/**
 * The table that the suite prints: what the program receives for each signal to the command, and whether the record is
 * withdrawn.
 */
const table = new Map<string, string[]>();

function addCell(signal: string, column: number, text: string): void {
  const cells = table.get(signal) ?? ['', '', ''];
  cells[column] = text;
  table.set(signal, cells);
}

/** The state in /proc: `S` is sleeping, `T` stopped. Undefined if the process does not exist. */
function stateOf(pid: number): string | undefined {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

function isGone(pid: number): boolean {
  return [undefined, 'Z', 'X'].includes(stateOf(pid));
}

describe('etcd-naming register: signals', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  let target: string;
  let round = 0;
  const orphans: number[] = [];

  before(function () {
    if (process.platform !== 'linux') this.skip();
    client = new EtcdClient({ endpoints: etcd().endpoints });
  });

  beforeEach(() => {
    target = `${etcd().prefix}signals-${++round}`;
  });

  afterEach(() => {
    for (const pid of orphans.splice(0)) if (!isGone(pid)) process.kill(pid, 'SIGKILL');
  });

  after(async () => {
    await client?.close();
    const head = ['Signal to the command', 'A program that handles it', 'A program that does not', 'Record'];
    const lines = [...table].map(([signal, cells]) => [signal, ...cells]);
    if (lines.length > 0)
      console.log(
        `\n${[head, head.map(() => '---'), ...lines].map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`,
      );
  });

  const record = async (id: string) => (await client.kv.get(`${target}/${id}`)).kv;
  const options = (id: string, ...more: string[]) => [
    ...['register', target, '--addr', '127.0.0.1:1', '--id', id, '--no-ready-check', '--propagate', '20ms'],
    ...more,
  ];
  const registered = (command: CommandProcess, id: string) => command.prints(`registered as ${target}/${id}`);
  const received = (command: CommandProcess, signal: NodeJS.Signals) =>
    command.prints(new RegExp(`received \\w+ ${constants.signals[signal]}\\n`));

  async function startListener(id: string, ...more: string[]): Promise<CommandProcess> {
    const command = commands.startAfter(
      noCoreDump,
      ...options(id, ...more),
      '--',
      process.execPath,
      '-e',
      listener,
    );
    await registered(command, id);
    await command.prints('running, pid');
    return command;
  }

  /** A program without handlers. It prints its process id. */
  async function startPlain(
    id: string,
    ...more: string[]
  ): Promise<{ command: CommandProcess; pid: number }> {
    const program = ['sh', '-c', 'echo pid $$; exec sleep 600'];
    const command = commands.startAfter(noCoreDump, ...options(id, ...more), '--', ...program);
    await registered(command, id);
    await command.prints(/pid \d+/);
    const pid = Number(/pid (\d+)/.exec(command.stdout)?.[1]);
    orphans.push(pid);
    return { command, pid };
  }

  it('forwards each signal immediately to a program that handles it, and keeps the record', async () => {
    const command = await startListener('e1');
    const before = await record('e1');
    for (const signal of forwardableSignals) {
      if (endSignals.includes(signal) || jobControl.includes(signal)) continue;
      command.kill(signal);
      await received(command, signal);
      addCell(signal, 0, `receives ${signal}, stays registered`);
    }
    for (const signal of ignored) {
      command.kill(signal);
      addCell(signal, 0, 'receives nothing, stays registered');
      addCell(signal, 1, 'keeps running');
      addCell(signal, 2, 'stays until the program ends');
    }
    command.kill('SIGWINCH'); // when it arrives, the earlier ones have arrived too
    const count = () => command.stdout.match(/received SIGWINCH/g)?.length;
    await eventually('all signals have arrived', () => count() === 2);
    for (const signal of ignored) assert.doesNotMatch(command.stdout, new RegExp(`received ${signal}`));
    assert.deepEqual(await record('e1'), before);
    command.type('7\n');
    assert.equal((await command.ended).code, 7);
    assert.equal(await record('e1'), undefined);
  });

  for (const signal of endSignals) {
    it(`withdraws the record on ${signal}, then forwards the signal`, async () => {
      const command = await startListener('e1');
      command.kill(signal);
      await received(command, signal);
      assert.equal(
        await record('e1'),
        undefined,
        'the record is deleted before the program receives the signal',
      );
      addCell(signal, 0, `receives ${signal} after the record is deleted`);
      command.type('3\n');
      assert.equal((await command.ended).code, 3);
    });
  }

  for (const signal of forwardableSignals.filter(
    (one) => !harmless.includes(one) && !jobControl.includes(one),
  )) {
    it(`leaves no record and no process when ${signal} ends the program`, async () => {
      const { command, pid } = await startPlain('e1');
      command.kill(signal);
      const { code, signal: by } = await command.ended;
      const number = constants.signals[signal];
      assert.ok(by === signal || code === 128 + number, `it ended with ${code}, ${by}`);
      assert.equal(await record('e1'), undefined);
      assert.ok(isGone(pid), 'the program is still running');
      addCell(signal, 1, `ends; the command ends by ${by ?? `code ${code}`}`);
      addCell(signal, 2, 'deleted');
    });
  }

  it('keeps running on signals that a program survives', async () => {
    const { command, pid } = await startPlain('e1');
    for (const signal of harmless) {
      command.kill(signal);
      addCell(signal, 1, 'keeps running');
      addCell(signal, 2, 'stays until the program ends');
    }
    assert.ok(!isGone(pid));
    command.kill('SIGTERM');
    assert.equal((await command.ended).signal, 'SIGTERM');
    assert.equal(await record('e1'), undefined);
  });

  for (const signal of jobControl) {
    it(`stops with its program on ${signal}: the record expires, and is stored again after SIGCONT`, async () => {
      const { command, pid } = await startPlain('e1', '--ttl', '2');
      command.kill(signal);
      await eventually('both are stopped', () => stateOf(pid) === 'T' && stateOf(command.pid) === 'T');
      await eventually('the record expires', async () => (await record('e1')) === undefined, 20_000);
      command.kill('SIGCONT');
      await eventually('both run again', () => stateOf(pid) === 'S' && stateOf(command.pid) !== 'T');
      await eventually('the record is stored again', async () => (await record('e1')) !== undefined, 20_000);
      addCell(signal, 0, 'is stopped with the command (SIGSTOP)');
      addCell(signal, 1, 'is stopped with the command (SIGSTOP)');
      addCell(signal, 2, 'expires within the TTL, stored again after SIGCONT');
      command.kill('SIGTERM');
      assert.equal((await command.ended).signal, 'SIGTERM');
      assert.equal(await record('e1'), undefined);
    });
  }

  it('leaves a record for at most its TTL when it ends by a signal that cannot be caught', async () => {
    const started = await Promise.all(uncatchable.map((signal) => startPlain(signal, '--ttl', '2')));
    for (const [i, signal] of uncatchable.entries()) started[i]?.command.kill(signal);
    for (const [i, signal] of uncatchable.entries()) {
      await eventually('the record is deleted', async () => (await record(signal)) === undefined, 20_000);
      await eventually('the command has ended', () => isGone(started[i]?.command.pid ?? 0));
      assert.ok(!isGone(started[i]?.pid ?? 0), 'the program keeps running');
      addCell(signal, 0, 'receives nothing, keeps running without the command');
      addCell(signal, 1, 'keeps running without the command');
      addCell(signal, 2, 'expires within the TTL');
    }
    for (const { pid } of started) process.kill(pid, 'SIGKILL');
    await Promise.all(started.map(({ command }) => command.ended));
  });

  it('does not open Node’s inspector on SIGUSR1, also in a command that runs no program', async () => {
    const watching = commands.start('watch', target);
    await watching.prints(/snapshot|no endpoints|0 endpoints/);
    watching.kill('SIGUSR1');
    watching.kill('SIGTERM');
    const { code, stderr } = await watching.ended;
    assert.equal(code, 0);
    const { command } = await startPlain('e1');
    command.kill('SIGUSR1');
    for (const text of [stderr, (await command.ended).stderr])
      assert.doesNotMatch(text, /Debugger listening|inspector/i);
  });

  it('forwards a second request to a program that has not ended, and kills it at the third', async () => {
    const command = await startListener('e1');
    command.kill('SIGTERM');
    await received(command, 'SIGTERM');
    command.kill('SIGINT');
    await received(command, 'SIGINT');
    command.kill('SIGTERM');
    const { signal } = await command.ended;
    assert.equal(signal, 'SIGKILL');
  });

  it('behaves the same as PID 1 of a container, except that it cannot be stopped or die by a signal', async function () {
    const probe = spawnSync('unshare', ['--fork', '--pid', 'true']);
    if (probe.status !== 0) {
      console.error('skipped, because unshare(1) may not create a PID namespace: the command as PID 1');
      this.skip();
    }
    const program = [process.execPath, '-e', listener];
    const prelude = 'exec unshare --fork --pid --kill-child "$0" "$@"';
    const outer = commands.startAfter(prelude, ...options('e1'), '--', ...program);
    await registered(outer, 'e1');
    await outer.prints('running, pid');
    const children = readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8');
    const command = Number(children.trim());
    process.kill(command, 'SIGTSTP');
    await received(outer, 'SIGTSTP');
    process.kill(command, 'SIGUSR1');
    await received(outer, 'SIGUSR1');
    assert.notEqual(await record('e1'), undefined);
    for (const request of [1, 2, 3]) {
      process.kill(command, request === 2 ? 'SIGINT' : 'SIGTERM');
      if (request < 3) await received(outer, request === 2 ? 'SIGINT' : 'SIGTERM');
    }
    // unshare exits with the code of the command: 128 plus the number of SIGKILL.
    assert.equal((await outer.ended).code, 128 + 9);
    assert.equal(await record('e1'), undefined);
  });

  it('withdraws the record when its terminal closes, and forwards SIGHUP', async function () {
    await skipWithoutScript(this);
    const args = [...options('e1'), '--', 'sh', '-c', 'echo pid $$; exec sleep 600'];
    const terminal = commands.startOnTerminal(...args);
    await terminal.prints(/registered as/);
    const pid = Number(/pid (\d+)/.exec(terminal.stdout)?.[1]);
    orphans.push(pid);
    terminal.kill('SIGKILL'); // kills the terminal, not the command
    await eventually('the record is deleted', async () => (await record('e1')) === undefined, 20_000);
    await eventually('the program ends', () => isGone(pid), 20_000);
  });
});
