import { InvalidInputError } from '../../errors/index.js';
import { type Check, signal, waitChecks } from './checks.js';
import { closestName } from './closest-name.js';
import { wrongTypeError } from './value-errors.js';

/** Every name that the object, or any part of the union, may have. */
type Names<T> = T extends unknown ? keyof T : never;

/** How to check each option of T; the compiler asks for one that is missing. */
export type Checks<T> = { readonly [Name in Names<T> & string]-?: Check };

export interface OptionTexts {
  /** What the object is called in errors. Default `options`. */
  readonly label?: string;
  /** What to suggest for names that are far from the right one, such as those of another library. */
  readonly suggestions?: Readonly<Record<string, string>>;
  /** Whether what is given in its place may be a secret, and must not be shown. Default false. */
  readonly secret?: boolean;
  /** For an object that must be given: what to write. */
  readonly required?: string;
  /** Options of related functions that this one cannot take, and why. */
  readonly refused?: Readonly<Record<string, string>>;
}

/**
 * Checks an options object. As the check of a nested one it is given that one's name, which then stands before the
 * names inside it: `tls.caFile`.
 */
export type OptionsCheck = (options: unknown, path?: string) => void;

/** The default where a function is called without options: shared, so that the call costs nothing. */
export const noOptions = Object.freeze({});

/**
 * The check for one kind of options object: unknown names are refused, with a suggestion, and each value is held
 * against its check; one that is undefined counts as left out. Costs one look-up for each option given.
 * @throws {InvalidInputError} (the returned function)
 */
export function optionsChecker<T extends object>(checks: Checks<T>, texts: OptionTexts = {}): OptionsCheck {
  const table = new Map<string, Check>(Object.entries<Check>(checks));
  const known = [...table.keys()];
  for (const [name, why] of Object.entries(texts.refused ?? {})) table.set(name, refuse(why));
  return (options, path) => {
    if (options === noOptions) return;
    if (options === undefined) {
      if (texts.required === undefined) return;
      throw new InvalidInputError(`${path ?? texts.label ?? 'options'} are missing: ${texts.required}`);
    }
    if (typeof options !== 'object' || options === null || Array.isArray(options))
      throw noObject(path ?? texts.label ?? 'options', options, texts.secret);
    for (const name in options) {
      const check = table.get(name);
      if (check === undefined) throw unknownOption(name, path, known, texts.suggestions);
      const value = (options as Record<string, unknown>)[name];
      if (value !== undefined) check(value, path === undefined ? name : `${path}.${name}`);
    }
  };
}

function noObject(name: string, given: unknown, isSecret = false): InvalidInputError {
  if (isSecret && typeof given === 'string')
    return new InvalidInputError(`${name} is a string; it must be an object`);
  return wrongTypeError(name, given, 'an object');
}

function refuse(why: string): Check {
  return (_, name) => {
    throw new InvalidInputError(`${name} is given; ${why}`);
  };
}

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

/** The options of a call, for those that have no more. */
export const checkWait = optionsChecker<WaitOptions>(waitChecks);

/** The options of an iteration or a wait that has no deadline. */
export const checkSignalOnly = optionsChecker<Pick<WaitOptions, 'signal'>>({ signal });

function unknownOption(
  name: string,
  path: string | undefined,
  known: readonly string[],
  instead: OptionTexts['suggestions'],
): InvalidInputError {
  const full = (one: string) => (path === undefined ? one : `${path}.${one}`);
  const meant = instead && Object.hasOwn(instead, name) ? instead[name] : closestName(name, known);
  const help =
    meant === undefined ? `known are ${known.map(full).join(', ')}` : `did you mean '${full(meant)}'?`;
  return new InvalidInputError(`unknown option '${full(name)}'; ${help}`);
}
