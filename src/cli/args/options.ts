import { parseGoDuration } from '../../model/go-duration.js';
import { usageError } from '../errors.js';

/** The longest delay of a Node timer, in milliseconds: 24.8 days. A longer one would fire immediately. */
export const maxTimerMs = 2 ** 31 - 1;

/** Describes an option of the command line. */
export interface OptionSpec {
  /**
   * The placeholder of the value in the help, such as `S`. Undefined for a switch, which takes no value. For `FILE`, shells
   * complete file names.
   */
  readonly value?: string;
  /** The values that it takes, if they are known. */
  readonly choices?: readonly string[];
  /** One letter: `-o` is then the same as `--output`. */
  readonly short?: string;
  /** Whether a switch is on unless `--no-` is written before its name, as the help shows it. Default false. */
  readonly onByDefault?: boolean;
  /** Whether the option may be repeated; the values are joined by commas. Default false. */
  readonly multiple?: boolean;
  readonly help: string;
}

/** The options of a command, by name. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** An option that takes one of these values. */
export function choice(choices: readonly string[]): Pick<OptionSpec, 'value' | 'choices'> {
  return { value: choices.join('|'), choices };
}

/** An option as the user writes it: `--output`, or `--no-ready-check` for a switch that is on by default. */
export function writtenOption(name: string, { onByDefault = false }: OptionSpec): string {
  return onByDefault ? `--no-${name}` : `--${name}`;
}

/** The options that were given. Each getter returns undefined for an absent option and throws for a wrong value. */
export class ParsedOptions {
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;

  constructor(values: Readonly<Record<string, string | boolean | undefined>>) {
    this.#values = values;
  }

  /** Whether a switch is on. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** The value as a variable would contain it: a switch is `true` or `false`. */
  rawText(name: string): string | undefined {
    const value = this.#values[name];
    return value === undefined ? undefined : String(value);
  }

  /** @throws {CliError} unless the value is a number from `min` to `max`. */
  number(name: string, min: number, max: number): number | undefined {
    return this.#numeric(
      name,
      `a number from ${min} to ${max}`,
      /^-?\d*\.?\d+$/,
      (value) => value >= min && value <= max,
    );
  }

  /** @throws {CliError} unless the value is a whole number from `min` to `max`. */
  integer(name: string, min: number, max: number): number | undefined {
    const expected = `a whole number from ${min} to ${max}`;
    return this.#numeric(name, expected, /^-?\d+$/, (value) => value >= min && value <= max);
  }

  /**
   * A duration in milliseconds, written as Go writes it, like the flags of etcdctl. At most {@link maxTimerMs}.
   * @throws {CliError} for any other text.
   */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ms = parseGoDuration(text);
    if (ms !== undefined && ms >= 0) return Math.min(maxTimerMs, ms);
    const hint = /^\d+$/.test(text) ? ` (${text}s for seconds)` : '';
    throw usageError(`--${name} is '${text}'; it must be a duration such as 500ms, 5s or 1m30s${hint}`);
  }

  /** @throws {CliError} unless the value is one of those allowed. */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = allowed.find((value) => value === text);
    if (found === undefined)
      throw usageError(`--${name} is '${text}'; it must be one of ${allowed.join(', ')}`);
    return found;
  }

  /** @param pattern the spelling: `Number` also reads `1e3`, `0x10` and white space. */
  #numeric(
    name: string,
    expected: string,
    pattern: RegExp,
    isValid: (value: number) => boolean,
  ): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!pattern.test(text) || !Number.isFinite(value) || !isValid(value))
      throw usageError(`--${name} is '${text}'; it must be ${expected}`);
    return value;
  }
}
