import { describeThrown, EtcdError } from '../errors/index.js';
import { resultToJson } from '../model/index.js';

/**
 * The members of an event as every logger can write them: bigints as decimal strings. Errors of this package stay what they
 * are, and have `toJSON`. A caller's own reason of an abort can be anything, such as an object that refers to itself: it
 * becomes its text, unless it is an Error.
 */
export function eventToJson(event: object): Readonly<Record<string, unknown>> {
  const { error, ...others } = event as { readonly error?: unknown };
  return { ...resultToJson(others), ...(error === undefined ? {} : { error: errorToJson(error) }) };
}

function errorToJson(error: unknown): unknown {
  if (error instanceof EtcdError) return error;
  return error instanceof Error ? { name: error.name, message: error.message } : describeThrown(error);
}

const prototype = Object.create(Object.prototype, {
  constructor: { value: Object },
  toJSON: {
    value(this: object): object {
      return eventToJson(this);
    },
  },
});

/** Makes a new event work with `JSON.stringify`. */
export function withEventJson<T extends object>(event: T): T {
  return Object.setPrototypeOf(event, prototype);
}
