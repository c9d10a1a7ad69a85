import { type ChildProcess, spawn } from 'node:child_process';
import { Failure } from '../failure.js';
import type { Outcome } from '../verb.js';

/** As shells have it. */
const [notFound, notExecutable] = [127, 126];

/**
 * A program that runs under the command, its input and output the command's own. It leads a process group: Ctrl-C at the
 * terminal reaches the command alone, so that the program hears of its end after its callers have; and a shell script
 * passes nothing on, so signals go to the group.
 */
export class Program {
  readonly #child: ChildProcess;
  #over = false;
  /** How it ended. @throws {Failure} when it cannot be started. */
  readonly ended: Promise<Outcome>;

  constructor([command = '', ...args]: readonly string[]) {
    this.#child = spawn(command, args, { stdio: 'inherit', detached: process.platform !== 'win32' });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        this.#over = true;
        reject(new Failure(`'${command}' cannot be run: ${error.message}`, startCode(error)));
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

function startCode({ code }: NodeJS.ErrnoException): number {
  return code === 'EACCES' ? notExecutable : notFound;
}
