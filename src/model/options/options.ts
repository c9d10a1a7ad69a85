import { InvalidInputError } from '../../errors/index.js';
import type { Check } from './checks.js';
import { nearest } from './nearest.js';
import { wrongType } from './shown.js';

/** Every name that the object, or any part of the union, may have. */
type Names<T> = T extends unknown ? keyof T : never;

/** How to check each option of T; the compiler asks for one that is missing. */
export type Checks<T> = { readonly [Name in Names<T> & string]-?: Check };

export interface OptionTexts {
  /** What the object is called in errors. Default `options`. */
  readonly self?: string;
  /** What to suggest for names that are far from the right one, such as those of another library. */
  readonly instead?: Readonly<Record<string, string>>;
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
export function optionsOf<T extends object>(checks: Checks<T>, texts: OptionTexts = {}): OptionsCheck {
  const table = new Map<string, Check>(Object.entries<Check>(checks));
  return (options, path) => {
    if (options === noOptions || options === undefined) return;
    if (typeof options !== 'object' || options === null || Array.isArray(options))
      throw wrongType(path ?? texts.self ?? 'options', options, 'an object');
    for (const name in options) {
      const check = table.get(name);
      if (check === undefined) throw unknownOption(name, path, [...table.keys()], texts.instead);
      const value = (options as Record<string, unknown>)[name];
      if (value !== undefined) check(value, path === undefined ? name : `${path}.${name}`);
    }
  };
}

function unknownOption(
  name: string,
  path: string | undefined,
  known: readonly string[],
  instead: OptionTexts['instead'],
): InvalidInputError {
  const full = (one: string) => (path === undefined ? one : `${path}.${one}`);
  const meant = instead && Object.hasOwn(instead, name) ? instead[name] : nearest(name, known);
  const help =
    meant === undefined ? `known are ${known.map(full).join(', ')}` : `did you mean '${full(meant)}'?`;
  return new InvalidInputError(`unknown option '${full(name)}'; ${help}`);
}
