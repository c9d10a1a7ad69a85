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

/** Injects one fault at a time, in an order that the seed determines; each occurs once before any is repeated. */
export class SoakNemesis {
  readonly #faults: readonly Fault[];
  readonly #context: FaultContext;
  readonly #random: Random;
  readonly #counts = new Map<string, FaultCounts>();
  readonly failures: string[] = [];
  #bag: Fault[] = [];

  constructor(faults: readonly Fault[], context: FaultContext, random: Random) {
    this.#faults = faults;
    this.#context = context;
    this.#random = random;
  }

  /** By the name of the fault, those included that did not occur. */
  get counts(): ReadonlyMap<string, FaultCounts> {
    return new Map(
      this.#faults.map(({ name }) => [name, this.#counts.get(name) ?? { injected: 0, effective: 0 }]),
    );
  }

  /** Injects the next fault and heals it; returns its name. A fault that cannot be healed ends the run. */
  async injectNext(signal: AbortSignal): Promise<string> {
    const fault = this.#draw();
    const tookEffect = await this.#inject(fault, signal);
    const { injected, effective } = this.#counts.get(fault.name) ?? { injected: 0, effective: 0 };
    this.#counts.set(fault.name, { injected: injected + 1, effective: effective + (tookEffect ? 1 : 0) });
    return fault.name;
  }

  async #inject(fault: Fault, signal: AbortSignal): Promise<boolean> {
    const active = await fault.begin(this.#context, this.#random).catch((error: Error) => {
      if (this.failures.length < 50) this.failures.push(`${fault.name}: ${error.message}`);
    });
    if (!active) return false;
    await pause(this.#random.between(...fault.durationMs), signal);
    return (await active.end()).tookEffect;
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
