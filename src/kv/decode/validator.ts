import { InvalidInputError } from '../../errors/index.js';

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
    /** The name of the library that made the schema. Not used. */
    readonly vendor?: string;
    /** The types of the schema, for the compiler. Not used. */
    readonly types?:
      | {
          /** The type of the values that the schema is for. */
          readonly input: unknown;
          /** The type of the schema's output. */
          readonly output: T;
        }
      | undefined;
    /** Returns the schema's output, or the issues of a value that it refuses. */
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>;
  };
}

/** Checks a value: a schema, or a function that returns the value, or throws. */
export type Validator<T> = StandardSchema<T> | ((value: unknown) => T);

/** The outcome of {@link validate}; `cause` is what the validator threw or returned. */
export type Validation<T> = { readonly value: T } | { readonly problem: string; readonly cause: unknown };

/**
 * @throws {InvalidInputError} for a validator that is neither a schema nor a function, that returns a promise, or that is a
 *   schema whose result is not one of the specification.
 */
export function validate<T>(validator: Validator<T>, value: unknown): Validation<T> {
  // First, because a schema may be a function too, as those of arktype are.
  if (isSchema(validator)) return bySchema(validator, value);
  if (typeof validator !== 'function') throw notValidatorError();
  return attempt(() => validator(value));
}

function isSchema<T>(validator: Validator<T>): validator is StandardSchema<T> {
  const type = typeof validator;
  return (type === 'object' || type === 'function') && validator !== null && '~standard' in validator;
}

function bySchema<T>({ '~standard': standard }: StandardSchema<T>, value: unknown): Validation<T> {
  if (typeof standard?.validate !== 'function') throw notValidatorError();
  const result = attempt(() => standard.validate(value));
  return 'value' in result ? toValidation(result.value) : result;
}

function notValidatorError(): InvalidInputError {
  return new InvalidInputError('the validator is neither a function nor a Standard Schema');
}

/** The text has no paths of the issues: the names in them may be names of members, and so a part of the value. */
function toValidation<T>(result: SchemaResult<T>): Validation<T> {
  // A schema that is written by hand, without types, may return anything.
  const { issues } = result ?? {};
  if (Array.isArray(issues)) {
    const detail = issues.length === 0 ? 'without issues' : 'whose issues are the cause';
    return { problem: `was refused by its schema, ${detail}`, cause: issues };
  }
  if (issues === undefined && isObject(result) && 'value' in result) return attempt(() => result.value);
  throw new InvalidInputError('the schema returned neither a value nor a list of issues');
}

/** The value that `check` returns; what it throws is the cause of a refusal. */
function attempt<R>(check: () => R | PromiseLike<R>): Validation<R> {
  let result: R | PromiseLike<R>;
  let isPromise: boolean;
  try {
    result = check();
    isPromise = isThenable(result);
  } catch (cause) {
    return { problem: 'was refused by its validator', cause };
  }
  if (!isPromise) return { value: result as R };
  Promise.resolve(result).catch(() => {}); // the error below replaces it
  throw new InvalidInputError('the validator returned a promise; decode needs one that returns the value');
}

/** Also for promises of other realms and of libraries. */
function isThenable(value: unknown): boolean {
  return isObject(value) && 'then' in value && typeof value.then === 'function';
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
