import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EtcdClient,
  EtcdError,
  type RegisterOptions,
  type Registration,
  register,
} from '../../index.js';
import { Failure, isSilence } from '../failure.js';
import { onEndSignal } from '../signals.js';
import type { Outcome } from '../verb.js';
import { Program } from './program.js';
import { accepts } from './ready.js';
import { tellEvents } from './tell-events.js';

export interface SuperviseOptions {
  readonly command: readonly string[];
  readonly registration: RegisterOptions;
  /** Where a connection shows that the program is ready. */
  readonly readyAddr: string;
  readonly readyTimeoutMs: number;
  /** How long callers have to notice the mark, and again the delete, in milliseconds. */
  readonly propagateMs: number;
  /** How long the program has to end after the signal, in milliseconds, before SIGKILL. */
  readonly stopTimeoutMs: number;
  readonly say: (text: string) => void;
}

/** How long an attempt to register lasts, in milliseconds, before the next begins: of the first the trouble is told. */
const [firstAttemptMs, attemptMs] = [3_000, 30_000];
/** Between attempts to register, in milliseconds. */
const pauseMs = 1_000;
/** What the drain may take beyond its waits, in milliseconds, when etcd is away: the program is to end as well. */
const graceMs = 3_000;

/**
 * Runs a program and keeps it registered from when its port answers until it ends, or until a signal asks for the end:
 * then callers are drawn off first, and the program hears the signal after.
 */
export class Supervisor {
  readonly #client: EtcdClient;
  readonly #options: SuperviseOptions;
  /** Aborted by the first signal or the program's end, whichever comes first. */
  readonly #over = new AbortController();
  /** Aborted by the second signal: no more waiting for callers. */
  readonly #hurry = new AbortController();
  #signal: NodeJS.Signals | undefined;

  constructor(client: EtcdClient, options: SuperviseOptions) {
    this.#client = client;
    this.#options = options;
  }

  async run(): Promise<Outcome> {
    await this.#warnIfTaken();
    const program = new Program(this.#options.command);
    const release = onEndSignal((signal) => this.#onSignal(signal, program));
    const over = () => this.#over.abort();
    program.ended.then(over, over);
    try {
      const registration = await this.#register(program);
      if (registration) await this.#serve(registration, program);
      return await this.#stop(program);
    } catch (error) {
      this.#signal ??= 'SIGTERM';
      await this.#stop(program).catch(() => {});
      throw error;
    } finally {
      release();
    }
  }

  /** The first asks for the end, the second to hurry, the third at once. */
  #onSignal(signal: NodeJS.Signals, program: Program): void {
    if (this.#hurry.signal.aborted) program.signal('SIGKILL');
    else if (this.#signal !== undefined) this.#hurry.abort();
    this.#signal ??= signal;
    this.#over.abort();
  }

  async #warnIfTaken(): Promise<void> {
    const { readyAddr, say } = this.#options;
    const taken = await accepts(readyAddr, 1, AbortSignal.timeout(1_000)).catch(() => false);
    if (taken) say(`warning: something else accepts connections at ${readyAddr} already`);
  }

  /** Undefined when it is over before there was a registration. */
  async #register(program: Program): Promise<Registration | undefined> {
    try {
      await this.#ready();
      return await this.#persist();
    } catch (error) {
      if (!this.#over.signal.aborted) throw error;
      if (program.over && program.started && this.#signal === undefined)
        this.#options.say('the program ended before it was registered');
      return undefined;
    }
  }

  async #ready(): Promise<void> {
    const { readyAddr, readyTimeoutMs } = this.#options;
    if (await accepts(readyAddr, readyTimeoutMs, this.#over.signal)) return;
    throw new Failure(
      `nothing accepted a connection at ${readyAddr} within ${readyTimeoutMs} ms; the program is ended`,
    );
  }

  /** However long etcd is away; what waiting cannot mend is thrown. */
  async #persist(): Promise<Registration> {
    const { registration, say } = this.#options;
    for (let told = false; ; told = true) {
      try {
        const options = {
          ...registration,
          timeoutMs: told ? attemptMs : firstAttemptMs,
          signal: this.#over.signal,
        };
        const done = await register(this.#client, options);
        say(`registered as ${done.key}, lease ${done.lease?.toString(16)}, revision ${done.revision}`);
        return done;
      } catch (error) {
        const passing = error instanceof EtcdError && isSilence(error) && error.verdict !== 'final';
        if (!passing || this.#over.signal.aborted) throw error;
        if (!told) say(`cannot register yet, and goes on trying: ${error.message}`);
        await sleep(pauseMs, undefined, { signal: this.#over.signal }); // an attempt may fail at once
      }
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
      const timeoutMs = 2 * propagateMs + graceMs;
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

  /** Passes the signal on and waits, for a while; a program that has ended by itself is past all that. */
  async #stop(program: Program): Promise<Outcome> {
    if (!program.over && this.#signal !== undefined) {
      program.signal(this.#signal);
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
