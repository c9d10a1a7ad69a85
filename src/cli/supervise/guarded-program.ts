import type { Outcome } from '../command.js';
import type { Environment } from '../output/io.js';
import { forwardableSignals, onSignals } from '../signals.js';
import type { Program } from './program.js';
import { ProgramControl, type ProgramOptions } from './program-control.js';
import { createForwardPolicy } from './signal-policy.js';
import { describeLoss, requireHeld, type Tenure } from './tenure.js';
import { untilAborted } from './until-aborted.js';

/**
 * Runs a program while a lock is held. Every signal is forwarded to it, and the lock stays until it has ended. When the
 * lock is lost, the program is stopped.
 */
export class GuardedProgram {
  readonly #tenure: Tenure;
  readonly #log: (text: string) => void;
  readonly #control: ProgramControl;
  readonly #hasGrace: boolean;
  readonly #decide = createForwardPolicy();

  constructor(tenure: Tenure, options: ProgramOptions) {
    this.#tenure = tenure;
    this.#log = options.log;
    this.#control = new ProgramControl(options);
    this.#hasGrace = options.stopTimeoutMs > 0;
  }

  /**
   * @param variables added to the program's environment.
   * @throws {CliError} if the lock was lost before the program ended, or the program cannot be run.
   */
  async run(variables: Environment): Promise<Outcome> {
    // Installed before the program starts: PID 1 of a container ignores a signal for which it has no handler.
    const removeHandlers = onSignals(forwardableSignals, (signal) => this.#onSignal(signal));
    try {
      requireHeld(this.#tenure, '; the program was not started');
      const program = this.#control.start(variables);
      await Promise.race([program.ended, untilAborted(this.#tenure.signal)]);
      if (!this.#tenure.held) await this.#stop(program);
      requireHeld(this.#tenure);
      return await program.ended;
    } finally {
      removeHandlers();
    }
  }

  async #stop(program: Program): Promise<void> {
    if (!program.hasEnded) this.#log(`${describeLoss(this.#tenure)}; stopping the program`);
    // SIGCONT: a stopped program receives the first signal when it continues, before anything else of it runs. SIGKILL
    // needs no SIGCONT: without a grace period, a stopped program does not run again.
    await this.#control.stopGroup(program, this.#hasGrace ? ['SIGTERM', 'SIGCONT'] : ['SIGKILL']);
  }

  #onSignal(signal: NodeJS.Signals): void {
    // After a suspension the lock may be lost: the program must not continue then.
    if (signal === 'SIGCONT' && !this.#tenure.held) return;
    switch (this.#decide(signal, performance.now())) {
      case 'forward':
        this.#control.sendSignal(signal);
        break;
      case 'suspend':
        this.#control.suspend(signal);
        break;
      case 'ignore':
    }
  }
}
