import { KeepAliveCore, type KeepAliveEffect, type KeepAliveInput } from '#src/lease/core/index.js';
import type { VirtualClock } from '../clock.js';
import type { Random } from '../random.js';
import type { Trace } from '../trace.js';
import { describeEffect, describeInput } from './describe.js';
import type { Network, SimStream } from './network.js';
import type { Oracle } from './oracle.js';

export interface ClientDependencies {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly oracle: Oracle;
  readonly network: () => Network;
  readonly refreshToken: () => void;
}

interface QueuedInput {
  readonly input: KeepAliveInput;
  readonly tag: number;
}

/** The process that holds leases: performs the core's effects, and is paused at times. */
export class SimClient {
  readonly core: KeepAliveCore;
  readonly streams = new Map<number, SimStream>();
  tokenGeneration = 1;
  readonly #dependencies: ClientDependencies;
  /** This machine's clock runs slightly faster or slower than the servers'. */
  readonly #rate: number;
  readonly #queue: QueuedInput[] = [];
  #running = false;
  #asleepUntil: number | undefined;
  #missed: QueuedInput[] = [];
  #timer: { readonly cancel: () => void; readonly dueAt: number; readonly at: number } | undefined;
  #nextTag = 1;
  /** No input was handled since the process was resumed, so it has not noticed the pause. */
  #isUnaware = false;
  #wokeAt = 0;

  constructor(dependencies: ClientDependencies) {
    this.#dependencies = dependencies;
    this.#rate = 1 + (dependencies.random.next() - 0.5) * 0.02;
    this.core = new KeepAliveCore(dependencies.random.next);
  }

  get now(): number {
    return 1_000_000 + this.#dependencies.clock.now * this.#rate;
  }

  get isAwake(): boolean {
    return this.#asleepUntil === undefined;
  }

  /** Running, and has handled an input since the last pause. */
  get isAware(): boolean {
    return this.isAwake && !this.#isUnaware;
  }

  /** Aware, and for long enough to have done everything overdue. */
  get upToDate(): boolean {
    return this.isAware && this.#dependencies.clock.now > this.#wokeAt + 10;
  }

  get timerArmed(): boolean {
    return this.#timer !== undefined;
  }

  heldAt(lease: bigint, at: number): boolean {
    return this.core.isHeldAt(lease, at);
  }

  input(input: KeepAliveInput, tag = 0): void {
    if (!this.isAwake) {
      this.#missed.push({ input, tag });
      return;
    }
    this.#queue.push({ input, tag });
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#handle(next);
    this.#running = false;
  }

  /** Pauses the process. SIGSTOP: timers continue to elapse. `suspended`, with its machine: timers stop as well. */
  sleep(ms: number, suspended: boolean): void {
    const { clock, random } = this.#dependencies;
    if (!this.isAwake) return;
    this.#dependencies.oracle.allowDelays();
    this.#asleepUntil = clock.now + ms;
    this.#isUnaware = true;
    const timer = this.#timer;
    const leftMs = timer && Math.max(0, timer.dueAt - clock.now);
    timer?.cancel();
    this.#timer = undefined;
    clock.after(ms, () => {
      this.#asleepUntil = undefined;
      this.#wokeAt = clock.now;
      this.#dependencies.oracle.allowDelays();
      const missed = this.#missed;
      this.#missed = [];
      // Inputs that arrived meanwhile are handled in order, before or after the timer.
      if (timer && leftMs !== undefined) {
        if (!suspended && leftMs === 0 && random.chance(0.5)) this.input({ type: 'timer' });
        else this.#arm(timer.at, suspended ? leftMs : 0);
      }
      for (const { input, tag } of missed) this.input(input, tag);
    });
  }

  #handle({ input, tag }: QueuedInput): void {
    const { oracle, trace, clock } = this.#dependencies;
    const { now } = this;
    if ('stream' in input && !this.streams.has(input.stream)) return; // the stream was closed meanwhile
    // A server answers nothing unrequested while it has an outstanding request.
    if (input.type === 'reply' && tag === 0 && !oracle.hasNoRequest(input.stream, input.lease)) return;
    // The first clock read after a pause re-arms the timers.
    if (this.#isUnaware && this.#timer) {
      this.#timer.cancel();
      this.#arm(this.#timer.at);
    }
    this.#isUnaware = false;
    trace.record(clock.now, 2, tag, 'lease' in input ? input.lease : 0, () => describeInput(input));
    const overdue = oracle.overdue(now);
    oracle.beforeInput(input, now, tag);
    oracle.calls.current =
      input.type === 'reply' ? { lease: input.lease, ttlMs: input.ttlMs, tag } : undefined;
    const effects = this.core.handle(input, now);
    oracle.afterEffects(effects, overdue, now);
    for (const effect of effects) this.#perform(effect, now);
    if (input.type === 'reply') oracle.afterAnswer(input.lease, input.ttlMs, tag);
    oracle.checkInvariants(now, (lease, at) => this.core.isHeldAt(lease, at));
  }

  #perform(effect: KeepAliveEffect, now: number): void {
    const { clock, network, oracle, trace } = this.#dependencies;
    const tag = effect.type === 'send' ? this.#nextTag++ : 0;
    trace.record(clock.now, 3, tag, effect.type.length, () => `    ${describeEffect(effect)}`);
    oracle.perform(effect, now, tag);
    switch (effect.type) {
      case 'open-stream':
        this.streams.set(
          effect.stream,
          network().open(effect.stream, () => this.tokenGeneration),
        );
        return;
      case 'send': {
        const stream = this.streams.get(effect.stream);
        if (stream && !stream.over) network().send(stream, effect.lease, tag);
        return;
      }
      case 'report-unresponsive':
      case 'mark-unhealthy':
        network().avoid(this.streams.get(effect.stream)?.member);
        return;
      case 'close-stream': {
        const stream = this.streams.get(effect.stream);
        if (stream) network().close(stream);
        this.streams.delete(effect.stream);
        return;
      }
      case 'refresh-token':
        this.#dependencies.refreshToken();
        return;
      case 'set-timer':
        this.#timer?.cancel();
        this.#timer = undefined;
        if (effect.at !== Number.POSITIVE_INFINITY) this.#arm(effect.at);
        return;
      default:
    }
  }

  #arm(at: number, delayMs = (at - this.now) / this.#rate): void {
    const { clock, random } = this.#dependencies;
    // A timer is never early and often slightly late.
    const wait = Math.max(0, Math.ceil(delayMs)) + random.between(0, 3);
    const cancel = clock.after(wait, () => {
      this.#timer = undefined;
      this.input({ type: 'timer' });
    });
    this.#timer = { cancel, dueAt: clock.now + wait, at };
  }
}
