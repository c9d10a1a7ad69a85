import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '#src/testing/wait.js';
import { skip } from '../../support/etcd.js';

export const main = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const outputTimeoutMs = 20_000;

export type Environment = Readonly<Record<string, string | undefined>>;

/** How one run of the command ended. */
export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the built command, as users run it. */
export class CommandProcess {
  readonly ended: Promise<CommandResult>;
  readonly #child: ChildProcess;
  #stdout: Buffer[] = [];
  #stderr = '';

  constructor(program: string, args: readonly string[], env: Environment, lifetimeMs = 30_000) {
    this.#child = spawn(program, args, { env: { ...cleanEnvironment(), ...env }, stdio: 'pipe' });
    this.#child.stdout?.on('data', (bytes: Buffer) => this.#stdout.push(bytes));
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#stderr += bytes.toString();
    });
    const timer = setTimeout(() => this.#kill(), lifetimeMs);
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      clearTimeout(timer);
      return { code, signal, stdout: this.stdout, stderr: this.#stderr };
    });
  }

  get stdout(): string {
    return this.bytes.toString();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return this.#stderr;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until it has printed a text, on stdout or stderr. */
  async prints(text: string | RegExp): Promise<void> {
    const found = (output: string) => (typeof text === 'string' ? output.includes(text) : text.test(output));
    await until(`the command prints ${text}`, { timeoutMs: outputTimeoutMs }, () => {
      if (found(this.stdout) || found(this.#stderr)) return true;
      if (this.hasEnded) throw new Error(`the command ended without ${text}: ${this.stdout}${this.#stderr}`);
      return false;
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it printed: ${this.stdout}${this.#stderr}`);
    });
  }

  /** Writes to its stdin, which may be a terminal. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Writes the text to its stdin and closes it. */
  endInput(text: string): void {
    this.#child.stdin?.end(text);
  }

  closeStdout(): void {
    this.#child.stdout?.destroy();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Destroys the streams too: a program that the command ran keeps them open, and ends when its input ends. */
  #kill(): void {
    this.#child.kill('SIGKILL');
    for (const stream of this.#child.stdio) stream?.destroy();
  }

  /** Sends SIGTERM repeatedly, which skips the drain. A program that it runs would survive a SIGKILL of the command. */
  async stop(): Promise<void> {
    const repeating = setInterval(() => this.#child.kill('SIGTERM'), 200);
    if (!this.hasEnded) this.#child.kill('SIGTERM');
    this.#child.stdin?.destroy();
    await this.ended;
    clearInterval(repeating);
  }
}

/** Starts commands for one etcd, and ends those that are still running after a test. */
export class CommandRunner {
  readonly #env: () => Environment;
  readonly #lifetimeMs: number | undefined;
  readonly #started: CommandProcess[] = [];

  /** @param lifetimeMs when a command that still runs is killed; default 30 s. */
  constructor(env: () => Environment, lifetimeMs?: number) {
    this.#env = env;
    this.#lifetimeMs = lifetimeMs;
    afterEach('ends the commands', async () => {
      for (const command of this.#started.splice(0)) await command.stop();
    });
  }

  /** Runs the command and waits for its end. */
  run(...args: string[]): Promise<CommandResult> {
    return this.start(...args).ended;
  }

  runWith(env: Environment, ...args: string[]): Promise<CommandResult> {
    return this.startWith(env, ...args).ended;
  }

  startWith(env: Environment, ...args: string[]): CommandProcess {
    return this.#start(process.execPath, [main, ...args], env);
  }

  /** Runs the command with `--json` and parses its output. */
  async json<T>(...args: string[]): Promise<T> {
    const { stdout, stderr } = await this.run(...args, '--json');
    try {
      return JSON.parse(stdout) as T;
    } catch {
      throw new Error(`not JSON: ${stdout}${stderr}`);
    }
  }

  start(...args: string[]): CommandProcess {
    return this.#start(process.execPath, [main, ...args]);
  }

  /** Runs a line in a shell, which then becomes the command with the same process id. */
  startAfter(prelude: string, ...args: string[]): CommandProcess {
    const line = `${prelude}; exec "$0" "$@"`;
    return this.#start('sh', ['-c', line, process.execPath, main, ...args]);
  }

  /** Runs a line in a shell, in which `"$0" "$1"` is the command. */
  shell(line: string): Promise<CommandResult> {
    return this.#start('/bin/sh', ['-c', line, process.execPath, main]).ended;
  }

  /**
   * Starts the command on a pseudo-terminal of 100 columns and 20 rows. Its stdout is all that the terminal shows. The
   * terminal has no colours: `TERM` is not set.
   */
  startOnTerminal(...args: string[]): CommandProcess {
    return this.#startOnTerminal({}, 'cols 100 rows 20', args);
  }

  startOnTerminalWith(env: Environment, ...args: string[]): CommandProcess {
    return this.#startOnTerminal(env, 'cols 100 rows 20', args);
  }

  /** @param size arguments of `stty`. */
  startOnTerminalOfSize(size: string, ...args: string[]): CommandProcess {
    return this.#startOnTerminal({}, size, args);
  }

  #startOnTerminal(env: Environment, size: string, args: readonly string[]): CommandProcess {
    const command = [process.execPath, main, ...args].map((arg) => `'${arg}'`).join(' ');
    const line = `stty ${size}; exec ${command}`;
    return this.#start('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
      ...env,
      SHELL: '/bin/sh',
    });
  }

  #start(program: string, args: readonly string[], env: Environment = {}): CommandProcess {
    const command = new CommandProcess(program, args, { ...this.#env(), ...env }, this.#lifetimeMs);
    this.#started.push(command);
    return command;
  }
}

/** Skips a test on a terminal, with a message, if util-linux's `script` is not installed. */
export function skipWithoutScript(context: Mocha.Context): Promise<void> {
  return skipWithout(context, 'script', 'script(1) of util-linux');
}

/** Skips a test or suite, with a message, if a program is not installed. */
export async function skipWithout(context: Mocha.Context, program: string, name = program): Promise<void> {
  const child = spawn(program, ['--version']);
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('exit', resolve);
  });
  if (code !== 0) skip(context, `${name} is not installed`);
}

/**
 * The environment of the tests, without variables that change which etcd the command uses, and without those by which
 * Node decides whether a terminal has colours: https://nodejs.org/docs/latest-v20.x/api/tty.html#writestreamgetcolordepthenv
 */
function cleanEnvironment(): Environment {
  const unwanted =
    /^ETCDCTL_|_proxy$|^NODE_OPTIONS$|^((NO|FORCE)_COLOR|NODE_DISABLE_COLORS|COLORTERM|TERM(_PROGRAM.*)?|TMUX|TF_BUILD|CI)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name)));
}
