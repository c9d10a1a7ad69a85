import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '#src/testing/wait.js';

export const main = fileURLToPath(new URL('../../../../dist/cli/main.js', import.meta.url));
const patienceMs = 20_000;

export type Environment = Readonly<Record<string, string | undefined>>;

/** How one run of the command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as its users run it: built, and a process of its own. */
export class Command {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout: Buffer[] = [];
  #stderr = '';

  constructor(program: string, args: readonly string[], env: Environment) {
    this.#child = spawn(program, args, { env: { ...bareEnvironment(), ...env }, stdio: 'pipe' });
    this.#child.stdout?.on('data', (bytes: Buffer) => this.#stdout.push(bytes));
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#stderr += bytes.toString();
    });
    const timer = setTimeout(() => this.#kill(), 30_000);
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

  get over(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until it has printed this, on either output. */
  async prints(text: string | RegExp): Promise<void> {
    const found = (output: string) => (typeof text === 'string' ? output.includes(text) : text.test(output));
    await until(`the command prints ${text}`, { timeoutMs: patienceMs }, () => {
      if (found(this.stdout) || found(this.#stderr)) return true;
      if (this.over) throw new Error(`it ended without ${text}: ${this.stdout}${this.#stderr}`);
      return false;
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it printed: ${this.stdout}${this.#stderr}`);
    });
  }

  /** Types into its terminal. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  closeStdout(): void {
    this.#child.stdout?.destroy();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** A program that it ran holds its outputs open, and sees its input end. */
  #kill(): void {
    this.#child.kill('SIGKILL');
    for (const stream of this.#child.stdio) stream?.destroy();
  }

  /** By SIGTERM, and again so that it hurries: a program that it runs would outlive a SIGKILL. */
  async stop(): Promise<void> {
    const again = setInterval(() => this.#child.kill('SIGTERM'), 200);
    if (!this.over) this.#child.kill('SIGTERM');
    this.#child.stdin?.destroy();
    await this.ended;
    clearInterval(again);
  }
}

/** Starts commands against one etcd, and ends those that a test left. */
export class Commands {
  readonly #env: () => Environment;
  readonly #started: Command[] = [];

  constructor(env: () => Environment) {
    this.#env = env;
    afterEach('no command is left', async () => {
      for (const command of this.#started.splice(0)) await command.stop();
    });
  }

  /** Runs the command to its end. */
  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  runWith(env: Environment, ...args: string[]): Promise<Ended> {
    return this.startWith(env, ...args).ended;
  }

  startWith(env: Environment, ...args: string[]): Command {
    return this.#start(process.execPath, [main, ...args], env);
  }

  /** The one JSON document that it prints. */
  async json<T>(...args: string[]): Promise<T> {
    const { stdout, stderr } = await this.run(...args, '--json');
    try {
      return JSON.parse(stdout) as T;
    } catch {
      throw new Error(`no JSON: ${stdout}${stderr}`);
    }
  }

  start(...args: string[]): Command {
    return this.#start(process.execPath, [main, ...args]);
  }

  /** From a shell that has done something first, and is then the command: same process id. */
  startBehind(prelude: string, ...args: string[]): Command {
    const line = `${prelude}; exec "$0" "$@"`;
    return this.#start('sh', ['-c', line, process.execPath, main, ...args]);
  }

  /** Runs a line of the shell in which `"$0" "$1"` is the command. */
  shell(line: string): Promise<Ended> {
    return this.#start('/bin/sh', ['-c', line, process.execPath, main]).ended;
  }

  /** On a pseudo-terminal of 100 columns and 20 rows; what it shows is its stdout. */
  startOnTerminal(...args: string[]): Command {
    return this.startOnTerminalOf('cols 100 rows 20', ...args);
  }

  /** @param size as `stty` takes it. */
  startOnTerminalOf(size: string, ...args: string[]): Command {
    const words = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
    const line = `stty ${size}; exec ${words}`;
    return this.#start('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
      SHELL: '/bin/sh',
    });
  }

  #start(program: string, args: readonly string[], env: Environment = {}): Command {
    const command = new Command(program, args, { ...this.#env(), ...env });
    this.#started.push(command);
    return command;
  }
}

/** A suite on a terminal needs util-linux's `script`: skipped, with a line that says so, where there is none. */
export async function skipWithoutScript(context: Mocha.Context): Promise<void> {
  const child = spawn('script', ['--version']);
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('exit', resolve);
  });
  if (code === 0) return;
  console.error(`skipped, since there is no script(1) of util-linux: ${context.test?.fullTitle()}`);
  context.skip();
}

/** Ours, without what would lead the command elsewhere. */
function bareEnvironment(): Environment {
  const strays = /^ETCDCTL_|_proxy$|^NODE_OPTIONS$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !strays.test(name)));
}
