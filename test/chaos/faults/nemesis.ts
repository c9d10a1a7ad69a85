import type { Random } from '../../sim/random.js';
import { type Fault, pause, type World } from './world.js';

const briskGapMs = [100, 250] as const;

/** How long, beyond its time, it may take until every fault has hit: slow machines need it, and short runs. */
const graceMs = 40_000;

/**
 * Breaks one thing after the other, and heals what it broke. Faults come out of a bag that holds each once and is
 * filled again when empty. Until each has hit once, it is brisk, and goes on though its time be up: a run without one
 * of them would prove nothing.
 */
export class Nemesis {
  readonly #faults: readonly Fault[];
  readonly #world: World;
  readonly #random: Random;
  readonly #gapMs: readonly [number, number];
  readonly #owed: Set<Fault>;
  #bag: Fault[] = [];

  /** `gapMs`: how long nothing is broken between two faults, the least and the most. */
  constructor(faults: readonly Fault[], world: World, random: Random, gapMs: readonly [number, number]) {
    this.#faults = faults;
    this.#world = world;
    this.#random = random;
    this.#gapMs = gapMs;
    this.#owed = new Set(faults);
  }

  /** Goes on for so long, or until the signal; all is healed when it resolves. */
  async rage(ms: number, signal: AbortSignal): Promise<void> {
    const until = performance.now() + ms;
    const isOn = () => performance.now() < until + (this.#owed.size > 0 ? graceMs : 0);
    while (isOn() && !signal.aborted) {
      const isLate = performance.now() >= until && this.#owed.size > 0;
      const isBrisk = !isLate && this.#owed.size > 0;
      const fault = this.#draw(isLate);
      const [least, most] = fault.holdMs;
      await this.#strike(fault, isBrisk ? least : this.#random.between(least, most), signal);
      const [shortest, longest] = isBrisk ? briskGapMs : this.#gapMs;
      await pause(this.#random.between(shortest, longest), signal);
    }
  }

  #draw(isLate: boolean): Fault {
    if (isLate) this.#bag = this.#bag.filter((fault) => this.#owed.has(fault));
    if (this.#bag.length === 0) this.#bag = shuffled(isLate ? [...this.#owed] : this.#faults, this.#random);
    return this.#bag.pop() as Fault;
  }

  async #strike(fault: Fault, holdMs: number, signal: AbortSignal): Promise<void> {
    const { journal } = this.#world;
    const from = journal.now();
    const active = await fault.begin(this.#world, this.#random);
    await pause(holdMs, signal);
    const isMet = journal.metSince(from, active.clients);
    const { isTrue, mendsMs = 0 } = await active.end();
    const { target, clients } = active;
    const hit = isTrue && isMet;
    if (hit) this.#owed.delete(fault);
    journal.add({ kind: 'fault', name: fault.name, target, clients, from, to: journal.now() + mendsMs, hit });
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(Math.floor(random.next() * left.length), 1));
  return out;
}
