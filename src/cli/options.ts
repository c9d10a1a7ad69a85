import { parseGoDuration } from '../model/go-duration.js';
import { wrongUsage } from './failure.js';

/** Node's timers reach no further, 24.8 days: a longer one would fire at once. */
export const longestMs = 2 ** 31 - 1;

/** An option by its name; without a `value` it is a switch. */
export interface OptionHelp {
  /** What stands for the value in the help, such as `S`. */
  readonly value?: string;
  /** Whether it may be given several times, for a list by commas. */
  readonly multiple?: boolean;
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
    return this.#numeric(name, `a number of at least ${least}`, (value) => value >= least);
  }

  wholeNumber(name: string, least: number, most: number): number | undefined {
    const expected = `a whole number from ${least} to ${most}`;
    return this.#numeric(
      name,
      expected,
      (value) => Number.isInteger(value) && value >= least && value <= most,
    );
  }

  /** In milliseconds; in Go's spelling, as for etcdctl's own flags. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ms = parseGoDuration(text);
    if (ms !== undefined && ms >= 0) return Math.min(longestMs, ms);
    const hint = /^\d+$/.test(text) ? ` (${text}s for seconds)` : '';
    throw wrongUsage(`--${name} is '${text}'; it must be a duration such as 500ms, 5s or 1m30s${hint}`);
  }

  #numeric(name: string, expected: string, isRight: (value: number) => boolean): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !isRight(value))
      throw wrongUsage(`--${name} is '${text}'; it must be ${expected}`);
    return value;
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
