import { InvalidInputError } from '../../errors/index.js';
import { type Check, signal, waitChecks } from './checks.js';
import { didYouMean, type NamesElsewhere } from './closest-name.js';
import { wrongTypeError } from './value-errors.js';

/** The names of the members of T, or of all members of the union T. */
type Names<T> = T extends unknown ? keyof T : never;

/** The check of each option of T; a missing one is a compile error. */
export type Checks<T> = { readonly [Name in Names<T> & string]-?: Check };

/** How errors about an options object are worded. */
export interface OptionTexts {
  /** The name of the object in errors. Default `options`. */
  readonly label?: string;
  /** Suggestions for unknown names that are not similar to the right one, such as those of another library. */
  readonly suggestions?: NamesElsewhere;
  /** Whether a string passed instead of the object may be a secret, which an error must not contain. Default false. */
  readonly secret?: boolean;
  /** For a mandatory object: the text after `options are missing:` or `<label> is missing:`. Default: the object may be undefined. */
  readonly required?: string;
  /** Options of related functions that this one does not accept, each with the reason. */
  readonly refused?: Readonly<Record<string, string>>;
}

/**
 * Checks an options object. For a nested object, `path` is its name, which errors put before the names inside it:
 * `tls.caFile`.
 */
export type OptionsCheck = (options: unknown, path?: string) => void;

/** The default of an options parameter. It is shared so that a call without options allocates nothing. */
export const noOptions = Object.freeze({});

/**
 * Returns a function that checks one kind of options object. It rejects unknown names with a suggestion, and runs the
 * check of each value that is not undefined. A call costs one map lookup per option.
 * @throws {InvalidInputError} from the returned function.
 */
export function optionsChecker<T extends object>(checks: Checks<T>, texts: OptionTexts = {}): OptionsCheck {
  const table = new Map<string, Check>(Object.entries<Check>(checks));
  const known = [...table.keys()];
  for (const [name, reason] of Object.entries(texts.refused ?? {})) table.set(name, refuse(reason));
  return (options, path) => {
    if (options === noOptions) return;
    if (options === undefined) {
      if (texts.required === undefined) return;
      const object = path ?? texts.label;
      const what = object === undefined ? 'options are' : `${object} is`;
      throw new InvalidInputError(`${what} missing: ${texts.required}`);
    }
    if (typeof options !== 'object' || options === null || Array.isArray(options))
      throw notObjectError(path ?? texts.label ?? 'options', options, texts);
    for (const name in options) {
      const check = table.get(name);
      if (check === undefined) throw unknownOptionError(name, path, known, texts.suggestions);
      const value = (options as Record<string, unknown>)[name];
      if (value !== undefined) check(value, path === undefined ? name : `${path}.${name}`);
    }
  };
}

function notObjectError(name: string, value: unknown, { secret, required }: OptionTexts): InvalidInputError {
  const remedy = required === undefined ? 'it must be an object' : `it must be an object: ${required}`;
  const isHidden = secret === true && typeof value === 'string';
  return isHidden
    ? new InvalidInputError(`${name} is a string; ${remedy}`)
    : wrongTypeError(name, value, remedy.replace('it must be ', ''));
}

function refuse(reason: string): Check {
  return (_, name) => {
    throw new InvalidInputError(`${name} is given; ${reason}`);
  };
}

/** Options of a call that waits. */
export interface WaitOptions {
  /** Ends the wait, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The deadline in milliseconds from the call; `Infinity` for none. */
  readonly timeoutMs?: number;
}

/** Checks the options of a call that has only `signal` and `timeoutMs`. */
export const checkWait = optionsChecker<WaitOptions>(waitChecks);

/** Checks the options of an iteration or a wait without a deadline. */
export const checkSignalOnly = optionsChecker<Pick<WaitOptions, 'signal'>>({ signal });

function unknownOptionError(
  name: string,
  path: string | undefined,
  known: readonly string[],
  instead: OptionTexts['suggestions'],
): InvalidInputError {
  const full = (option: string) => (path === undefined ? option : `${path}.${option}`);
  const help = didYouMean(name, known, instead, full) ?? `known are ${known.map(full).join(', ')}`;
  return new InvalidInputError(`unknown option '${full(name)}'; ${help}`);
}
