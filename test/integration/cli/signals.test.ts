import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { programSignals } from '#src/cli/signals.js';
import { EtcdClient } from '#src/client/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { type Command, Commands, skipWithoutScript } from './support.js';

/** Prints each signal that it receives, and goes on; ends by a line of input. */
const listener = `
  for (const [name, number] of Object.entries(require('node:os').constants.signals)) {
    if ([4, 5, 7, 8, 9, 11, 19, 31].includes(number)) continue;
    process.on(name, (signal) => console.log('received', signal, number));
  }
  console.log('runs, pid', process.pid);
  process.stdin.once('data', (text) => process.exit(Number(text))).once('end', () => process.exit(0));
`;

const endSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const jobControl: readonly NodeJS.Signals[] = ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'];
/** By which a program that does not handle them does not end. */
const harmless: readonly NodeJS.Signals[] = ['SIGCONT', 'SIGURG', 'SIGWINCH'];
/** By which a command ends without another word. */
const sudden: readonly NodeJS.Signals[] = [
  ...(['SIGKILL', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGSYS'] as const),
];
/** A shell's own child gets none of these, and Node passes over them. */
const ignored: readonly NodeJS.Signals[] = ['SIGPIPE', 'SIGXFSZ', 'SIGCHLD'];
const noImage = 'ulimit -c 0';

/** The transcript: what a program receives of each signal to its command, and what record remains. */
const table = new Map<string, string[]>();

function show(signal: string, column: number, text: string): void {
  const cells = table.get(signal) ?? ['', '', ''];
  cells[column] = text;
  table.set(signal, cells);
}

/** `S` sleeps, `T` is stopped; undefined once it is gone. */
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

describe('etcd-naming register, signal by signal', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  const commands = new Commands(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
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
    const head = ['Signal to the command', 'A program that handles it', 'One that does not', 'Record after'];
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
  const registered = (command: Command, id: string) => command.prints(`registered as ${target}/${id}`);
  const received = (command: Command, signal: NodeJS.Signals) =>
    command.prints(new RegExp(`received \\w+ ${constants.signals[signal]}\\n`));

  async function startListener(id: string, ...more: string[]): Promise<Command> {
    const command = commands.startBehind(
      noImage,
      ...options(id, ...more),
      '--',
      process.execPath,
      '-e',
      listener,
    );
    await registered(command, id);
    await command.prints('runs, pid');
    return command;
  }

  /** A program that handles nothing: its process id is its output. */
  async function startPlain(id: string, ...more: string[]): Promise<{ command: Command; pid: number }> {
    const program = ['sh', '-c', 'echo pid $$; exec sleep 600'];
    const command = commands.startBehind(noImage, ...options(id, ...more), '--', ...program);
    await registered(command, id);
    await command.prints(/pid \d+/);
    const pid = Number(/pid (\d+)/.exec(command.stdout)?.[1]);
    orphans.push(pid);
    return { command, pid };
  }

  it('passes each on at once to a program that handles it, and the record stands', async () => {
    const command = await startListener('e1');
    const before = await record('e1');
    for (const signal of programSignals) {
      if (endSignals.includes(signal) || jobControl.includes(signal)) continue;
      command.kill(signal);
      await received(command, signal);
      show(signal, 0, `receives ${signal}, registered on`);
    }
    for (const signal of ignored) {
      command.kill(signal);
      show(signal, 0, 'receives nothing, registered on');
      show(signal, 1, 'runs on');
      show(signal, 2, 'stands until the program ends');
    }
    command.kill('SIGWINCH'); // behind the others: they have arrived
    const seen = () => command.stdout.match(/received SIGWINCH/g)?.length;
    await eventually('all have arrived', () => seen() === 2);
    for (const signal of ignored) assert.doesNotMatch(command.stdout, new RegExp(`received ${signal}`));
    assert.deepEqual(await record('e1'), before);
    command.type('7\n');
    assert.equal((await command.ended).code, 7);
    assert.equal(await record('e1'), undefined);
  });

  for (const signal of endSignals) {
    it(`withdraws the record on ${signal}, then passes it on`, async () => {
      const command = await startListener('e1');
      command.kill(signal);
      await received(command, signal);
      assert.equal(await record('e1'), undefined, 'the record is gone when the program receives it');
      show(signal, 0, `receives ${signal} once the record is gone`);
      command.type('3\n');
      assert.equal((await command.ended).code, 3);
    });
  }

  for (const signal of programSignals.filter((one) => !harmless.includes(one) && !jobControl.includes(one))) {
    it(`leaves no record and no program when ${signal} ends the program`, async () => {
      const { command, pid } = await startPlain('e1');
      command.kill(signal);
      const { code, signal: by } = await command.ended;
      const number = constants.signals[signal];
      assert.ok(by === signal || code === 128 + number, `it ended with ${code}, ${by}`);
      assert.equal(await record('e1'), undefined);
      assert.ok(isGone(pid), 'the program is an orphan');
      show(signal, 1, `ends; the command by ${by ?? `code ${code}`}`);
      show(signal, 2, 'gone');
    });
  }

  it('goes on, as the program does, by a signal that ends no program', async () => {
    const { command, pid } = await startPlain('e1');
    for (const signal of harmless) {
      command.kill(signal);
      show(signal, 1, 'goes on');
      show(signal, 2, 'stands until the program ends');
    }
    assert.ok(!isGone(pid));
    command.kill('SIGTERM');
    assert.equal((await command.ended).signal, 'SIGTERM');
    assert.equal(await record('e1'), undefined);
  });

  for (const signal of jobControl) {
    it(`stops with its program on ${signal}: the record goes with its lease, and is back after SIGCONT`, async () => {
      const { command, pid } = await startPlain('e1', '--ttl', '2');
      command.kill(signal);
      await eventually('both are stopped', () => stateOf(pid) === 'T' && stateOf(command.pid) === 'T');
      await eventually('the record is gone', async () => (await record('e1')) === undefined, 20_000);
      command.kill('SIGCONT');
      await eventually('both go on', () => stateOf(pid) === 'S' && stateOf(command.pid) !== 'T');
      await eventually('the record is back', async () => (await record('e1')) !== undefined, 20_000);
      show(signal, 0, 'is stopped with the command (SIGSTOP)');
      show(signal, 1, 'is stopped with the command (SIGSTOP)');
      show(signal, 2, 'gone within the TTL, back after SIGCONT');
      command.kill('SIGTERM');
      assert.equal((await command.ended).signal, 'SIGTERM');
      assert.equal(await record('e1'), undefined);
    });
  }

  it('leaves a record no longer than its TTL when it ends by a signal that cannot be caught', async () => {
    const started = await Promise.all(sudden.map((signal) => startPlain(signal, '--ttl', '2')));
    for (const [i, signal] of sudden.entries()) started[i]?.command.kill(signal);
    for (const [i, signal] of sudden.entries()) {
      await eventually('the record goes', async () => (await record(signal)) === undefined, 20_000);
      await eventually('the command is gone', () => isGone(started[i]?.command.pid ?? 0));
      assert.ok(!isGone(started[i]?.pid ?? 0), 'the program serves on');
      show(signal, 0, 'receives nothing, serves on without the command');
      show(signal, 1, 'serves on without the command');
      show(signal, 2, 'gone within the TTL');
    }
    for (const { pid } of started) process.kill(pid, 'SIGKILL');
    await Promise.all(started.map(({ command }) => command.ended));
  });

  it('does not open Node’s inspector on SIGUSR1, also in a verb that runs no program', async () => {
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

  it('passes a second request on to a program that takes its time, and kills it at the third', async () => {
    const command = await startListener('e1');
    command.kill('SIGTERM');
    await received(command, 'SIGTERM');
    command.kill('SIGINT');
    await received(command, 'SIGINT');
    command.kill('SIGTERM');
    const { signal } = await command.ended;
    assert.equal(signal, 'SIGKILL');
  });

  it('does all that as PID 1 of a container, where it cannot stop or end by a signal', async function () {
    const probe = spawnSync('unshare', ['--fork', '--pid', 'true']);
    if (probe.status !== 0) {
      console.error('skipped, since unshare(1) may not make a PID namespace here: the command as PID 1');
      this.skip();
    }
    const program = [process.execPath, '-e', listener];
    const prelude = 'exec unshare --fork --pid --kill-child "$0" "$@"';
    const outer = commands.startBehind(prelude, ...options('e1'), '--', ...program);
    await registered(outer, 'e1');
    await outer.prints('runs, pid');
    const children = readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8');
    const command = Number(children.trim());
    process.kill(command, 'SIGTSTP');
    await received(outer, 'SIGTSTP');
    process.kill(command, 'SIGUSR1');
    await received(outer, 'SIGUSR1');
    assert.notEqual(await record('e1'), undefined);
    for (const times of [1, 2, 3]) {
      process.kill(command, times === 2 ? 'SIGINT' : 'SIGTERM');
      if (times < 3) await received(outer, times === 2 ? 'SIGINT' : 'SIGTERM');
    }
    // unshare passes the exit code on: 128 and the number of SIGKILL.
    assert.equal((await outer.ended).code, 128 + 9);
    assert.equal(await record('e1'), undefined);
  });

  it('hears of a terminal that closes, withdraws the record, and passes SIGHUP on', async function () {
    await skipWithoutScript(this);
    const words = [...options('e1'), '--', 'sh', '-c', 'echo pid $$; exec sleep 600'];
    const terminal = commands.startOnTerminal(...words);
    await terminal.prints(/registered as/);
    const pid = Number(/pid (\d+)/.exec(terminal.stdout)?.[1]);
    orphans.push(pid);
    terminal.kill('SIGKILL'); // the terminal, not the command on it
    await eventually('the record goes', async () => (await record('e1')) === undefined, 20_000);
    await eventually('the program ends', () => isGone(pid), 20_000);
  });
});
