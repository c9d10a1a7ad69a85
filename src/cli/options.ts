import { wrongUsage } from './failure.js';

/** An option by its name; without a `value` it is a switch. */
export interface OptionHelp {
  /** What stands for the value in the help, such as `S`. */
  readonly value?: string;
  readonly help: string;
}

export type OptionTable = Readonly<Record<string, OptionHelp>>;

/** The options that were given, with the checks that their values need. */
export class Options {
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;

  constructor(values: Readonly<Record<string, string | boolean | undefined>>) {
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** A switch that was set, either way, as the text that a variable would have. */
  given(name: string): string | undefined {
    const value = this.#values[name];
    return value === undefined ? undefined : String(value);
  }

  number(name: string, least: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least)
      throw wrongUsage(`--${name} is '${text}'; it must be a number of at least ${least}`);
    return value;
  }

  /** A span as `10`, which is in seconds, `1.5s`, `500ms` or `2m`; in milliseconds. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
    if (number === undefined)
      throw wrongUsage(`--${name} is '${text}'; it must be a span such as 10, 1.5s, 500ms or 2m`);
    return Number(number) * (unitMs[unit] ?? 1_000);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = allowed.find((one) => one === text);
    if (found === undefined)
      throw wrongUsage(`--${name} is '${text}'; it must be one of ${allowed.join(', ')}`);
    return found;
  }
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
