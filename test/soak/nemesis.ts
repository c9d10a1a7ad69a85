import { type Fault, type FaultContext, pause } from '../chaos/faults/fault.js';
import type { Random } from '../sim/random.js';

/** A fault that was injected. `at` in hours since the start of the load. */
export interface FaultMark {
  readonly name: string;
  readonly atHours: number;
}

export interface FaultCounts {
  readonly injected: number;
  readonly effective: number;
}

const maxFailures = 50;
const healAttempts = 3;

/** Injects one fault at a time, in an order that the seed determines; each occurs once before any is repeated. */
export class SoakNemesis {
  readonly #faults: readonly Fault[];
  readonly #context: FaultContext;
  readonly #random: Random;
  readonly #healAll: () => Promise<void>;
  readonly #counts = new Map<string, FaultCounts>();
  readonly failures: string[] = [];
  #bag: Fault[] = [];

  /** @param healAll Ends what a fault that failed has left. */
  constructor(faults: readonly Fault[], context: FaultContext, random: Random, healAll: () => Promise<void>) {
    this.#faults = faults;
    this.#context = context;
    this.#random = random;
    this.#healAll = healAll;
  }

  /** By the name of the fault, those included that did not occur. */
  get counts(): ReadonlyMap<string, FaultCounts> {
    return new Map(
      this.#faults.map(({ name }) => [name, this.#counts.get(name) ?? { injected: 0, effective: 0 }]),
    );
  }

  /** Injects the next fault and heals it; returns its name. Rejects if it cannot be healed. */
  async injectNext(signal: AbortSignal): Promise<string> {
    const fault = this.#draw();
    const tookEffect = await this.#inject(fault, signal);
    const { injected, effective } = this.#counts.get(fault.name) ?? { injected: 0, effective: 0 };
    this.#counts.set(fault.name, { injected: injected + 1, effective: effective + (tookEffect ? 1 : 0) });
    return fault.name;
  }

  async #inject(fault: Fault, signal: AbortSignal): Promise<boolean> {
    try {
      const active = await fault.begin(this.#context, this.#random);
      await pause(this.#random.between(...fault.durationMs), signal);
      return (await active.end()).tookEffect;
    } catch (error) {
      if (this.failures.length < maxFailures)
        this.failures.push(`${fault.name}: ${String(error).split('\n')[0]}`);
      await this.#heal();
      return false;
    }
  }

  async #heal(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#healAll();
      } catch (error) {
        if (attempt === healAttempts) throw error;
      }
    }
  }

  #draw(): Fault {
    if (this.#bag.length === 0) this.#bag = shuffled(this.#faults, this.#random);
    return this.#bag.pop() as Fault;
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(Math.floor(random.next() * left.length), 1));
  return out;
}
