import type { Random } from '../../sim/random.js';
import { type Fault, type FaultContext, pause } from './fault.js';

const shortGapMs = [100, 250] as const;

/** How much longer a run may last until every fault has had an effect, for slow machines and short runs. */
const maxExtensionMs = 40_000;

/**
 * Injects and heals one fault at a time. Faults are drawn from a shuffled bag that holds each once and is refilled when
 * empty. Until each fault has had an effect, durations and gaps are short, and the run may exceed its time: a run without
 * one of the faults would be inconclusive.
 */
export class Nemesis {
  readonly #faults: readonly Fault[];
  readonly #context: FaultContext;
  readonly #random: Random;
  readonly #gapMs: readonly [number, number];
  readonly #notYetEffective: Set<Fault>;
  readonly #extensionMs: number;
  #bag: Fault[] = [];

  /** `gapMs`: minimum and maximum time between two faults. */
  constructor(
    faults: readonly Fault[],
    context: FaultContext,
    random: Random,
    gapMs: readonly [number, number],
    extensionMs = maxExtensionMs,
  ) {
    this.#extensionMs = extensionMs;
    this.#faults = faults;
    this.#context = context;
    this.#random = random;
    this.#gapMs = gapMs;
    this.#notYetEffective = new Set(faults);
  }

  /** Runs for `ms` or until the signal aborts; every fault is healed when it resolves. */
  async run(ms: number, signal: AbortSignal): Promise<void> {
    const until = performance.now() + ms;
    const extensionMs = () => (this.#notYetEffective.size > 0 ? this.#extensionMs : 0);
    const isOn = () => performance.now() < until + extensionMs();
    while (isOn() && !signal.aborted) {
      const isLate = performance.now() >= until && this.#notYetEffective.size > 0;
      const isShort = !isLate && this.#notYetEffective.size > 0;
      const fault = this.#draw(isLate);
      const [least, most] = fault.durationMs;
      await this.#inject(fault, isShort ? least : this.#random.between(least, most), signal);
      const [shortest, longest] = isShort ? shortGapMs : this.#gapMs;
      await pause(this.#random.between(shortest, longest), signal);
    }
  }

  #draw(isLate: boolean): Fault {
    if (isLate) this.#bag = this.#bag.filter((fault) => this.#notYetEffective.has(fault));
    if (this.#bag.length === 0)
      this.#bag = shuffled(isLate ? [...this.#notYetEffective] : this.#faults, this.#random);
    return this.#bag.pop() as Fault;
  }

  async #inject(fault: Fault, durationMs: number, signal: AbortSignal): Promise<void> {
    const { journal } = this.#context;
    const from = journal.now();
    const active = await fault.begin(this.#context, this.#random);
    await pause(durationMs, signal);
    const hadOps = journal.hadOpsSince(from, active.clients);
    const { tookEffect, recoveryMs = 0 } = await active.end();
    const { target, clients } = active;
    const effective = tookEffect && hadOps;
    if (effective) this.#notYetEffective.delete(fault);
    journal.add({
      kind: 'fault',
      name: fault.name,
      target,
      clients,
      from,
      to: journal.now() + recoveryMs,
      effective,
    });
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(Math.floor(random.next() * left.length), 1));
  return out;
}
