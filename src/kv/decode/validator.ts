import { InvalidInputError } from '../../errors/index.js';
import { printable } from '../../model/index.js';

/** What a {@link StandardSchema} returns: the value, or why it is refused. */
export type SchemaResult<T> =
  | {
      /** The schema's output, which may differ from its input. */
      readonly value: T;
      /** Absent: the value is accepted. */
      readonly issues?: undefined;
    }
  | {
      /** Why the value is refused. */
      readonly issues: readonly SchemaIssue[];
    };

/** One reason for which a schema refuses a value. */
export interface SchemaIssue {
  /** The schema's text, which may contain the value. */
  readonly message: string;
  /** Where in the value: the names of members and the indexes of elements. */
  readonly path?:
    | readonly (
        | PropertyKey
        | {
            /** The name of a member or the index of an element. */
            readonly key: PropertyKey;
          }
      )[]
    | undefined;
}

/**
 * The part of a Standard Schema that `decode` uses. The schemas of zod (3.24 and later), valibot, arktype and others
 * implement version 1 of https://standardschema.dev.
 */
export interface StandardSchema<T> {
  /** Where the specification puts the schema's functions. */
  readonly '~standard': {
    /** The version of the specification. */
    readonly version: 1;
    /** Returns the schema's output, or the issues of a value that it refuses. */
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>;
  };
}

/** Checks a value: a schema, or a function that returns the value, or throws. */
export type Validator<T> = StandardSchema<T> | ((value: unknown) => T);

/** The outcome of {@link validate}; `cause` is what the validator threw or returned. */
export type Validation<T> = { readonly value: T } | { readonly problem: string; readonly cause: unknown };

/** @throws {InvalidInputError} for a validator that is neither a schema nor a function, or that returns a promise. */
export function validate<T>(validator: Validator<T>, value: unknown): Validation<T> {
  // First, because a schema may be a function too, as those of arktype are.
  if (isSchema(validator)) return toValidation(sync(validator['~standard'].validate(value)));
  if (typeof validator !== 'function')
    throw new InvalidInputError('the validator is neither a function nor a Standard Schema');
  let result: T;
  try {
    result = validator(value);
  } catch (cause) {
    return { problem: 'was refused by its validator', cause };
  }
  return { value: sync(result) };
}

function isSchema<T>(validator: Validator<T>): validator is StandardSchema<T> {
  const type = typeof validator;
  return (type === 'object' || type === 'function') && validator !== null && '~standard' in validator;
}

function toValidation<T>(result: SchemaResult<T>): Validation<T> {
  if (result.issues === undefined) return { value: result.value };
  return { problem: `was refused by its schema, at ${placesOf(result.issues)}`, cause: result.issues };
}

const maxPlaces = 3;

/** The paths only: the text of an issue may contain the value. */
function placesOf(issues: readonly SchemaIssue[]): string {
  const places = [...new Set(issues.map(placeOf))];
  const shown = places.slice(0, maxPlaces).join(', ');
  return places.length > maxPlaces ? `${shown} and ${places.length - maxPlaces} other places` : shown;
}

function placeOf({ path = [] }: SchemaIssue): string {
  const names = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment));
  return names.length === 0 ? 'the whole value' : `'${printable(names.join('.'))}'`;
}

function sync<R>(result: R | Promise<R>): R {
  if (!(result instanceof Promise)) return result;
  result.catch(() => {}); // the error below replaces it
  throw new InvalidInputError('the validator returned a promise; decode needs one that returns the value');
}
