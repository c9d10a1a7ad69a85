import { type Clock, inRootContext, Pacer, withTimeout } from '../../async/index.js';
import { Code, EtcdError } from '../../errors/index.js';
import type { Lookups } from './lookups.js';

/** The time limit for one question. */
const lookupTimeoutMs = 5_000;
/** After this time the names that are resolved are used without the others. */
const partialAfterMs = 500;
/** The delays while a name cannot be resolved or a member cannot be reached. */
const retryBackoff = { baseMs: 1_000, maxMs: 30_000 };
const minRetryMs = 250;

export interface NameFollowerPorts {
  readonly lookups: Lookups;
  readonly clock: Clock;
  readonly random: () => number;
  readonly refreshMs: number;
  /** Finds the members by SRV records, before their names are resolved. Undefined when the endpoints are configured. */
  readonly discover: ((lookups: Lookups) => Promise<void>) | undefined;
  /** The names to resolve. */
  readonly hosts: () => ReadonlySet<string>;
  /** Called when names were resolved, whether or not an address changed. */
  readonly onResolved: () => Promise<void>;
  readonly onFailure: (error: EtcdError) => void;
  /** Whether a member that was found by its name is unreachable, or no member was found. */
  readonly isFailing: () => boolean;
}

/**
 * Resolves the names of members and follows them: periodically, because Node reports no time to live, and sooner after
 * a failure. What was found last stays in force while DNS fails or has no answer. Nothing is sent before the first use.
 */
export class NameFollower {
  readonly #ports: NameFollowerPorts;
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #failures = new Map<string, string>();
  readonly #pacer: Pacer;
  #discoveryFailure: string | undefined;
  #first: Promise<void> | undefined;
  #isFirst = true;
  #isRunning = false;
  #isSoon = false;
  #closed = false;
  #cancelTimer = () => {};
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(ports: NameFollowerPorts) {
    this.#ports = ports;
    this.#pacer = new Pacer(retryBackoff, ports.clock, ports.random);
  }

  /** The addresses found last, at least one; undefined if the name was never resolved. */
  addressesOf(host: string): readonly string[] | undefined {
    return this.#addresses.get(host);
  }

  /** Why the name, or without a name the members, could not be found by the last question; undefined after an answer. */
  failureOf(host?: string): string | undefined {
    return host === undefined ? this.#discoveryFailure : this.#failures.get(host);
  }

  /** Whether there is no need to wait for `prepare`. */
  get isPrepared(): boolean {
    const { hosts, discover } = this.#ports;
    return !this.#isFirst || this.#closed || (!discover && hosts().size === 0);
  }

  /** Starts to follow the names. Returns a wait for the first answers; undefined if there is no need to wait. */
  prepare(): Promise<void> | undefined {
    if (this.isPrepared) return undefined;
    this.#first ??= inRootContext(() => this.#run());
    return this.#first;
  }

  /** Resolves names that were never resolved, before they are used. Failures are kept for `failureOf`. */
  async resolve(hosts: Iterable<string>): Promise<void> {
    const unknown = [...hosts].filter((host) => !this.#addresses.has(host));
    await Promise.all(unknown.map((host) => this.#lookUp(host)));
    if (unknown.length === 0 || !this.#isFirst || this.#first !== undefined) return;
    this.#isFirst = false;
    this.#scheduleNext();
  }

  /**
   * The addresses of a host that need not be among the names that are followed: those found last, or else the answer to
   * a question.
   * @throws {EtcdError} without an answer.
   */
  async addressesOfOther(host: string): Promise<readonly string[]> {
    return this.#addresses.get(host) ?? (await this.#ask(host));
  }

  /** Resolves the names again soon, because a member became unreachable. */
  refreshSoon(): void {
    if (this.#isFirst || this.#isRunning || this.#isSoon) return;
    this.#isSoon = true;
    const delayMs = this.#retryDelay();
    if (this.#ports.clock.now() + delayMs < this.#dueAt) this.#schedule(delayMs);
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#ports.lookups.close();
  }

  async #run(): Promise<void> {
    const { clock } = this.#ports;
    this.#isRunning = true;
    this.#dueAt = Number.POSITIVE_INFINITY;
    const cancelPartial = clock.setTimer(partialAfterMs, () => void this.#publish());
    await this.#discover();
    if (!this.#closed) await this.#lookUpAll();
    cancelPartial();
    if (this.#closed) return;
    this.#forgetOthers();
    await this.#publish();
    this.#isRunning = false;
    this.#isFirst = false;
    this.#scheduleNext();
  }

  async #lookUpAll(): Promise<void> {
    await Promise.all([...this.#ports.hosts()].map((host) => this.#lookUp(host)));
  }

  /** Never rejects: nothing waits for the result of a periodic refresh. */
  async #publish(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#ports.onResolved();
    } catch (error) {
      this.#report(`the members found by DNS cannot be used: ${(error as Error).message}`, error);
    }
  }

  async #discover(): Promise<void> {
    const { discover, lookups } = this.#ports;
    if (!discover) return;
    try {
      await this.#limited(discover(lookups), 'the SRV records');
      this.#discoveryFailure = undefined;
    } catch (error) {
      this.#discoveryFailure = (error as Error).message;
      this.#report(this.#discoveryFailure, error);
    }
  }

  async #lookUp(host: string): Promise<void> {
    try {
      this.#addresses.set(host, await this.#ask(host));
      this.#failures.delete(host);
    } catch (error) {
      this.#failures.set(host, (error as EtcdError).message);
      if (!this.#closed) this.#ports.onFailure(error as EtcdError);
    }
  }

  async #ask(host: string): Promise<readonly string[]> {
    try {
      return await this.#limited(this.#ports.lookups.addresses(host), `the name ${host}`);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw dnsError(code === undefined ? message : `the name ${host} cannot be resolved: ${code}`, error);
    }
  }

  #limited<T>(question: Promise<T>, what: string): Promise<T> {
    const { clock } = this.#ports;
    const timeoutError = () => new Error(`DNS did not answer for ${what} within ${lookupTimeoutMs} ms`);
    return withTimeout(question, lookupTimeoutMs, timeoutError, { clock });
  }

  #report(text: string, cause: unknown): void {
    if (!this.#closed) this.#ports.onFailure(dnsError(text, cause));
  }

  /** Names that are no longer used are forgotten, so that a later use asks again. */
  #forgetOthers(): void {
    const hosts = this.#ports.hosts();
    for (const host of [...this.#addresses.keys(), ...this.#failures.keys()]) {
      if (hosts.has(host)) continue;
      this.#addresses.delete(host);
      this.#failures.delete(host);
    }
  }

  #scheduleNext(): void {
    const { refreshMs, random, isFailing } = this.#ports;
    this.#isSoon = this.#failures.size > 0 || this.#discoveryFailure !== undefined || isFailing();
    const regularMs = refreshMs * (0.9 + 0.2 * random());
    this.#schedule(this.#isSoon ? Math.min(regularMs, this.#retryDelay()) : regularMs);
  }

  #retryDelay(): number {
    return Math.max(minRetryMs, this.#pacer.nextDelayMs());
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer();
    if (this.#closed) return;
    const { clock } = this.#ports;
    this.#dueAt = clock.now() + delayMs;
    this.#cancelTimer = clock.setTimer(delayMs, () => void this.#run());
  }
}

function dnsError(text: string, cause: unknown): EtcdError {
  return new EtcdError(text, { code: Code.UNAVAILABLE, verdict: 'not-applied', cause });
}
