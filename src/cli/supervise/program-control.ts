import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../command.js';
import type { Environment } from '../output/io.js';
import { Program } from './program.js';

export interface ProgramOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The environment of the program. */
  readonly env: Environment;
  /** How long the program has to end after a signal before it is killed, in milliseconds. */
  readonly stopTimeoutMs: number;
  readonly log: (text: string) => void;
}

/** The interval at which a group without its leader is checked, in milliseconds: nothing reports its end. */
const groupCheckMs = 50;

/** Starts one program, sends it signals and stops it. */
export class ProgramControl {
  readonly #options: ProgramOptions;
  #program: Program | undefined;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  /** @param variables added to the environment. */
  start(variables: Environment = {}): Program {
    const { command, env } = this.#options;
    this.#program = new Program(command, { ...env, ...variables });
    return this.#program;
  }

  /** Does nothing before the program is started. */
  sendSignal(signal: NodeJS.Signals): void {
    this.#program?.sendSignal(signal);
  }

  /**
   * Stops the program and this process, as a shell's job control requires. Uses SIGSTOP: the kernel ignores job control
   * signals in an orphaned process group, such as the program's.
   */
  suspend(signal: NodeJS.Signals): void {
    // PID 1 cannot be stopped. It would keep renewing the lease of a stopped program.
    const canStop = process.pid !== 1;
    this.sendSignal(canStop ? 'SIGSTOP' : signal);
    if (canStop) process.kill(process.pid, 'SIGSTOP');
  }

  /** Sends the signals and waits for the program's end, up to a limit. Does nothing if it has already ended. */
  async stop(program: Program, signals: readonly NodeJS.Signals[]): Promise<Outcome> {
    if (!program.hasEnded && signals.length > 0) {
      for (const signal of signals) program.sendSignal(signal);
      const waiting = new AbortController();
      const killing = signals.includes('SIGKILL') ? undefined : this.#killLater(program, waiting.signal);
      await program.ended.catch(() => {});
      waiting.abort();
      await killing;
    }
    return program.ended;
  }

  /** As {@link stop}, for the whole group: a process that the program started may outlive it. */
  async stopGroup(program: Program, signals: readonly NodeJS.Signals[]): Promise<void> {
    const deadline = performance.now() + this.#options.stopTimeoutMs;
    await this.stop(program, signals).catch(() => {});
    while (program.hasGroup && performance.now() < deadline) await sleep(groupCheckMs);
    program.killGroup();
  }

  async #killLater(program: Program, signal: AbortSignal): Promise<void> {
    const { stopTimeoutMs, log } = this.#options;
    try {
      await sleep(stopTimeoutMs, undefined, { signal });
    } catch {
      return; // the program has ended
    }
    log(`the program did not end within ${stopTimeoutMs} ms; sending SIGKILL`);
    program.sendSignal('SIGKILL');
  }
}
