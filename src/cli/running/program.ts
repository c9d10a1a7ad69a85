import { type ChildProcess, spawn } from 'node:child_process';
import type { Outcome } from '../command.js';
import { CliError } from '../failure.js';
import type { Environment } from '../io.js';

/** As shells have it. */
const [notFound, notExecutable] = [127, 126];

/**
 * A program that runs under the command, its input and output the command's own. It leads a session and a process
 * group: the terminal's signals reach the command alone, so that the program hears of its end after its callers have;
 * and a shell script passes nothing on, so signals go to the group.
 */
export class Program {
  readonly #child: ChildProcess;
  #over = false;
  /** How it ended. @throws {CliError} when it cannot be started. */
  readonly ended: Promise<Outcome>;

  /** @throws {CliError} for what the system refuses before it looks for the program, such as too long a line. */
  constructor([command = '', ...args]: readonly string[], env: Environment) {
    this.#child = start(command, args, env);
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        this.#over = true;
        reject(cannotRun(command, error));
      });
      this.#child.once('exit', (code, signal) => {
        this.#over = true;
        resolve(signal ? { signal } : (code ?? 1));
      });
    });
    this.ended.catch(() => {}); // whoever asks is told; nobody may have asked yet
  }

  /** False when there is no such program, or it may not be run. */
  get started(): boolean {
    return this.#child.pid !== undefined;
  }

  get over(): boolean {
    return this.#over;
  }

  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#over) return;
    try {
      if (process.platform === 'win32') this.#child.kill(signal);
      else process.kill(-pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended, and is told of in a moment
    }
  }
}

function start(command: string, args: readonly string[], env: Environment): ChildProcess {
  try {
    return spawn(command, args, { stdio: 'inherit', detached: process.platform !== 'win32', env });
  } catch (error) {
    // Node throws some errors of the system and emits others.
    throw cannotRun(command, error as NodeJS.ErrnoException);
  }
}

function cannotRun(command: string, { code, message }: NodeJS.ErrnoException): CliError {
  return new CliError(`'${command}' cannot be run: ${message}`, code === 'ENOENT' ? notFound : notExecutable);
}
