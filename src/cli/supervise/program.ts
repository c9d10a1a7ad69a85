import { type ChildProcess, spawn } from 'node:child_process';
import type { Outcome } from '../command.js';
import { CliError } from '../errors.js';
import type { Environment } from '../output/io.js';

/** The exit codes of shells. */
const [commandNotFound, notExecutable] = [127, 126];

/**
 * A child process with the command's own input and output. It leads a session and a process group of its own. The
 * terminal's signals therefore reach only the command, which withdraws the record before it forwards them. Signals are
 * sent to the whole group, because a shell script does not forward them to its children.
 */
export class Program {
  readonly #child: ChildProcess;
  #hasEnded = false;
  /** Resolves when the program ends. Rejects with a {@link CliError} if it cannot be started. */
  readonly ended: Promise<Outcome>;

  /** @throws {CliError} if the system rejects the call itself, for example because the arguments are too long. */
  constructor([command = '', ...args]: readonly string[], env: Environment) {
    this.#child = start(command, args, env);
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        this.#hasEnded = true;
        reject(cannotRun(command, error));
      });
      this.#child.once('exit', (code, signal) => {
        this.#hasEnded = true;
        resolve(signal ? { signal } : (code ?? 1));
      });
    });
    this.ended.catch(() => {}); // the rejection may come before a caller waits for it
  }

  /** False if there is no such program or it is not executable. */
  get wasStarted(): boolean {
    return this.#child.pid !== undefined;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  sendSignal(signal: NodeJS.Signals): void {
    if (!this.#hasEnded) this.#sendToGroup(signal);
  }

  /** Whether processes that the program started are left in its group. Windows has no groups. */
  get hasGroup(): boolean {
    return process.platform !== 'win32' && this.#sendToGroup(0);
  }

  /** Kills what is left of the group after the program has ended. */
  killGroup(): void {
    if (this.hasGroup) this.#sendToGroup('SIGKILL');
  }

  /** Returns whether the signal was sent. The signal 0 reaches no process. */
  #sendToGroup(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    try {
      return process.platform === 'win32' ? this.#child.kill(signal) : process.kill(-pid, signal);
    } catch (error) {
      // ESRCH: the program has ended, and the 'exit' event follows.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      return false;
    }
  }
}

function start(command: string, args: readonly string[], env: Environment): ChildProcess {
  try {
    return spawn(command, args, { stdio: 'inherit', detached: process.platform !== 'win32', env });
  } catch (error) {
    // spawn() throws some errors of the system and emits others.
    throw cannotRun(command, error as NodeJS.ErrnoException);
  }
}

function cannotRun(command: string, { code, message }: NodeJS.ErrnoException): CliError {
  return new CliError(
    `cannot run '${command}': ${message}`,
    code === 'ENOENT' ? commandNotFound : notExecutable,
  );
}
