import type { EtcdClient, Registration } from '../../index.js';
import { maxTimerMs } from '../args/options.js';
import type { Outcome } from '../command.js';
import { CliError } from '../errors.js';
import { forwardableSignals, onSignals } from '../signals.js';
import { logRegistrationEvents } from './log-events.js';
import type { Program } from './program.js';
import { ProgramControl, type ProgramOptions } from './program-control.js';
import { type RegisterWhenReadyOptions, registerWhenReady } from './register-when-ready.js';
import { SignalPolicy } from './signal-policy.js';
import { untilAborted } from './until-aborted.js';
import { waitForListener } from './wait-for-listener.js';

export interface SupervisorOptions extends RegisterWhenReadyOptions, ProgramOptions {
  /** How long callers have to notice the draining mark, and again the deletion, in milliseconds. */
  readonly propagateMs: number;
}

/** The limit for a drain beyond its two waits, in milliseconds: the program must end even if etcd is unreachable. */
const drainGraceMs = 3_000;

/**
 * Runs a program and keeps it registered from the time its port accepts connections until it ends or a termination
 * signal arrives. The record is then withdrawn first, so that callers leave, and the program receives the signal
 * afterwards.
 */
export class Supervisor {
  readonly #client: EtcdClient;
  readonly #options: SupervisorOptions;
  /** Aborted by the first termination request or by the end of the program. */
  readonly #ending = new AbortController();
  /** Aborted by a second termination request: callers are not waited for. */
  readonly #skipDrain = new AbortController();
  readonly #signals = new SignalPolicy();
  readonly #control: ProgramControl;
  /** The first termination signal. */
  #terminatedBy: NodeJS.Signals | undefined;

  constructor(client: EtcdClient, options: SupervisorOptions) {
    this.#client = client;
    this.#options = options;
    this.#control = new ProgramControl(options);
  }

  async run(): Promise<Outcome> {
    // Installed before the program starts: PID 1 of a container ignores a signal for which it has no handler.
    const removeHandlers = onSignals(forwardableSignals, (signal) => this.#onSignal(signal));
    try {
      await this.#requireFreeAddress();
      if (this.#terminatedBy !== undefined) return { signal: this.#terminatedBy };
      return await this.#supervise(this.#start());
    } finally {
      removeHandlers();
    }
  }

  #start(): Program {
    const program = this.#control.start();
    const onEnd = () => this.#ending.abort();
    program.ended.then(onEnd, onEnd);
    return program;
  }

  async #supervise(program: Program): Promise<Outcome> {
    try {
      const registration = await this.#register(program);
      if (registration) await this.#serve(registration, program);
      return await this.#control.stop(program, this.#signals.startForwarding());
    } catch (error) {
      this.#signals.startForwarding();
      await this.#control.stop(program, ['SIGTERM']).catch(() => {});
      throw error;
    }
  }

  #onSignal(signal: NodeJS.Signals): void {
    switch (this.#signals.decide(signal, performance.now())) {
      case 'drain':
        this.#terminatedBy = signal;
        this.#ending.abort();
        break;
      case 'skip-drain':
        this.#skipDrain.abort();
        break;
      case 'forward':
        this.#control.sendSignal(signal);
        break;
      case 'suspend':
        this.#control.suspend(signal);
        break;
      case 'kill':
        this.#control.sendSignal('SIGKILL');
        break;
      case 'ignore':
    }
  }

  /** If the address already accepts connections, the readiness check would succeed without the program. */
  async #requireFreeAddress(): Promise<void> {
    const { readyAddr } = this.#options;
    if (readyAddr === undefined) return;
    if (await waitForListener(readyAddr, 1, AbortSignal.timeout(1_000)).catch(() => false))
      throw new CliError(
        `another process already accepts connections at ${readyAddr}, so a connection would not show that the program is ` +
          'ready; the program was not started (use --ready-addr to check another address, or --no-ready-check)',
      );
  }

  /** Returns undefined if a termination was requested, or the program ended, before it was registered. */
  async #register(program: Program): Promise<Registration | undefined> {
    try {
      return await registerWhenReady(this.#client, this.#options, this.#ending.signal);
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
      if (program.hasEnded && program.wasStarted && this.#terminatedBy === undefined)
        this.#options.log('the program ended before it was registered');
      return undefined;
    }
  }

  /** Waits for a termination request or the program's end, then withdraws the record; drains it if the program still runs. */
  async #serve(registration: Registration, program: Program): Promise<void> {
    const { log, propagateMs } = this.#options;
    // What ends the registration is logged as its last event.
    const logging = logRegistrationEvents(registration, log).catch(() => {});
    await untilAborted(this.#ending.signal);
    if (program.hasEnded) {
      await registration.close();
    } else {
      log(`received ${this.#terminatedBy}; draining ${registration.key}`);
      const skipDrain = () => this.#skipDrain.abort(); // a program that ended accepts no more calls
      program.ended.then(skipDrain, skipDrain);
      const timeoutMs = Math.min(maxTimerMs, 2 * propagateMs + drainGraceMs);
      await registration.drain({ propagateMs, timeoutMs, signal: this.#skipDrain.signal });
    }
    await logging;
    await this.#logWithdrawal(registration.key);
  }

  /** Logs whether the record is gone. If etcd is unreachable, the record remains until the lease expires. */
  async #logWithdrawal(key: string): Promise<void> {
    const { log, registration } = this.#options;
    try {
      const { kv } = await this.#client.kv.get(key, { timeoutMs: 1_000 });
      log(
        kv
          ? `withdrew the record ${key}; another owner's record is stored there`
          : `withdrew the record ${key}`,
      );
    } catch {
      log(
        `etcd is unreachable; the record ${key} expires with its lease, within ${registration.ttlSeconds ?? 10} s`,
      );
    }
  }
}
