import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient, Registration } from '../../index.js';
import type { Outcome } from '../command.js';
import { CliError } from '../failure.js';
import type { Environment } from '../io.js';
import { longestMs } from '../options.js';
import { onSignals, programSignals } from '../signals.js';
import { type ClaimOptions, claimRecord } from './claim-record.js';
import { Program } from './program.js';
import { accepts } from './ready.js';
import { SignalPolicy } from './signal-policy.js';
import { tellEvents } from './tell-events.js';

export interface SuperviseOptions extends ClaimOptions {
  readonly command: readonly string[];
  /** The program's. */
  readonly env: Environment;
  /** How long callers have to notice the mark, and again the delete, in milliseconds. */
  readonly propagateMs: number;
  /** How long the program has to end after the signal, in milliseconds, before SIGKILL. */
  readonly stopTimeoutMs: number;
}

/** What the drain may take beyond its waits, in milliseconds, when etcd is away: the program is to end as well. */
const graceMs = 3_000;

/**
 * Runs a program and keeps it registered from when its port answers until it ends, or until a signal asks for the end:
 * then callers are drawn off first, and the program hears the signal after.
 */
export class Supervisor {
  readonly #client: EtcdClient;
  readonly #options: SuperviseOptions;
  /** Aborted by the first request for the end or the program's end, whichever comes first. */
  readonly #over = new AbortController();
  /** Aborted by a second request for the end: no more waiting for callers. */
  readonly #hurry = new AbortController();
  readonly #signals = new SignalPolicy();
  #program: Program | undefined;
  /** The one that asked for the end. */
  #signal: NodeJS.Signals | undefined;

  constructor(client: EtcdClient, options: SuperviseOptions) {
    this.#client = client;
    this.#options = options;
  }

  async run(): Promise<Outcome> {
    // Before the program is there: as PID 1 of a container the command would miss them otherwise.
    const release = onSignals(programSignals, (signal) => this.#onSignal(signal));
    try {
      await this.#checkFree();
      if (this.#signal !== undefined) return { signal: this.#signal };
      return await this.#supervise(this.#start());
    } finally {
      release();
    }
  }

  #start(): Program {
    const program = new Program(this.#options.command, this.#options.env);
    const over = () => this.#over.abort();
    program.ended.then(over, over);
    this.#program = program;
    return program;
  }

  async #supervise(program: Program): Promise<Outcome> {
    try {
      const registration = await this.#register(program);
      if (registration) await this.#serve(registration, program);
      return await this.#stop(program, this.#signals.passOn());
    } catch (error) {
      this.#signals.passOn();
      await this.#stop(program, ['SIGTERM']).catch(() => {});
      throw error;
    }
  }

  #onSignal(signal: NodeJS.Signals): void {
    switch (this.#signals.decide(signal, performance.now())) {
      case 'end':
        this.#signal = signal;
        this.#over.abort();
        break;
      case 'hurry':
        this.#hurry.abort();
        break;
      case 'forward':
        this.#program?.signal(signal);
        break;
      case 'suspend':
        this.#suspend(signal);
        break;
      case 'kill':
        this.#program?.signal('SIGKILL');
        break;
      case 'ignore':
    }
  }

  /** By SIGSTOP: outside a shell's sessions, where the program is, the kernel stops nothing by the signal itself. */
  #suspend(signal: NodeJS.Signals): void {
    // PID 1 cannot be stopped, and would keep the record of a program that is.
    const canStop = process.pid !== 1;
    this.#program?.signal(canStop ? 'SIGSTOP' : signal);
    if (canStop) process.kill(process.pid, 'SIGSTOP');
  }

  /** What answers before the program runs would be taken for it, and its record be stored on its account. */
  async #checkFree(): Promise<void> {
    const { readyAddr } = this.#options;
    if (readyAddr === undefined) return;
    if (await accepts(readyAddr, 1, AbortSignal.timeout(1_000)).catch(() => false))
      throw new CliError(
        `something accepts connections at ${readyAddr} already, so that an answer would not show that the program serves; ` +
          'nothing was run (--ready-addr names another address to ask, --no-ready-check does without)',
      );
  }

  /** Undefined when it is over before there was a registration. */
  async #register(program: Program): Promise<Registration | undefined> {
    try {
      return await claimRecord(this.#client, this.#options, this.#over.signal);
    } catch (error) {
      if (!this.#over.signal.aborted) throw error;
      if (program.over && program.started && this.#signal === undefined)
        this.#options.say('the program ended before it was registered');
      return undefined;
    }
  }

  /** Until it is over; then the record goes, drained where a signal leaves the time for it. */
  async #serve(registration: Registration, program: Program): Promise<void> {
    const { say, propagateMs } = this.#options;
    const telling = tellEvents(registration, say);
    await aborted(this.#over.signal);
    if (program.over) {
      await registration.close();
    } else {
      say(`${this.#signal}: drains ${registration.key}`);
      const hurry = () => this.#hurry.abort(); // a program that ends meanwhile takes no more calls
      program.ended.then(hurry, hurry);
      const timeoutMs = Math.min(longestMs, 2 * propagateMs + graceMs);
      await registration.drain({ propagateMs, timeoutMs, signal: this.#hurry.signal });
    }
    await telling;
    await this.#tellWithdrawn(registration.key);
  }

  /** The end of a registration resolves also when etcd is away, and then the record goes only with its lease. */
  async #tellWithdrawn(key: string): Promise<void> {
    const { say, registration } = this.#options;
    try {
      const { kv } = await this.#client.kv.get(key, { timeoutMs: 1_000 });
      say(
        kv ? `the record ${key} is withdrawn, and another's stands there` : `the record ${key} is withdrawn`,
      );
    } catch {
      say(
        `etcd is not reached: the record ${key} runs out by itself, within ${registration.ttlSeconds ?? 10} s`,
      );
    }
  }

  /** Passes the signals on and waits, for a while; a program that has ended by itself is past all that. */
  async #stop(program: Program, signals: readonly NodeJS.Signals[]): Promise<Outcome> {
    if (!program.over && signals.length > 0) {
      for (const signal of signals) program.signal(signal);
      const patience = new AbortController();
      const late = sleep(this.#options.stopTimeoutMs, undefined, { signal: patience.signal }).then(
        () => {
          this.#options.say(`the program did not end within ${this.#options.stopTimeoutMs} ms: SIGKILL`);
          program.signal('SIGKILL');
        },
        () => {},
      );
      await program.ended.catch(() => {});
      patience.abort();
      await late;
    }
    return program.ended;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
