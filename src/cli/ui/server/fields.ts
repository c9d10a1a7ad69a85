import { ApiError } from '../ports.js';

/** Reads the fields of a request, and refuses values and names that the protocol does not have. */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #used = new Set<string>();

  /** @throws {ApiError} unless the body is an object. */
  constructor(body: unknown) {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw invalid('the body must be an object');
    // A map has no inherited members: a field with the name `__proto__` is like any other.
    this.#values = new Map(Object.entries(body));
  }

  text(name: string): string {
    const value = this.#take(name);
    if (typeof value !== 'string' || value === '') throw invalid(`${name} must be a text that is not empty`);
    return value;
  }

  optionalText(name: string, maxLength = Number.POSITIVE_INFINITY): string | undefined {
    const text = this.#values.has(name) ? this.text(name) : undefined;
    if (text !== undefined && text.length > maxLength)
      throw invalid(`${name} must have at most ${maxLength} characters`);
    return text;
  }

  optionalInteger(name: string, min: number, max: number): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      throw invalid(`${name} must be a whole number from ${min} to ${max}`);
    return value;
  }

  /** A finite number of 0 or more. */
  optionalAmount(name: string): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    // JSON permits 1e999, which is read as infinite.
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw invalid(`${name} must be a number of 0 or more`);
    return value;
  }

  matching(name: string, pattern: RegExp, what: string): string {
    const value = this.#take(name);
    if (typeof value !== 'string' || !pattern.test(value)) throw invalid(`${name} must be ${what}`);
    return value;
  }

  /** A list of texts, each of which matches. */
  listOf(name: string, pattern: RegExp, maxLength: number, what: string): readonly string[] {
    const value = this.#take(name);
    const isText = (item: unknown): item is string => typeof item === 'string' && pattern.test(item);
    if (!Array.isArray(value) || value.length > maxLength || !value.every(isText))
      throw invalid(`${name} must be a list of at most ${maxLength} ${what}`);
    return value;
  }

  /** A list of some of these values, each at most once. */
  optionalListOf<T>(name: string, values: readonly T[]): readonly T[] | undefined {
    const list: unknown = this.#take(name);
    if (list === undefined) return undefined;
    const isMember = (value: unknown): value is T => values.some((each) => each === value);
    if (!Array.isArray(list) || !list.every(isMember) || new Set(list).size < list.length)
      throw invalid(`${name} must be a list of ${values.join(', ')}, each at most once`);
    return list;
  }

  /** @throws {ApiError} if the request has a field that was not read. */
  end(): void {
    const unknown = [...this.#values.keys()].find((name) => !this.#used.has(name));
    if (unknown !== undefined) throw invalid('the request has a field that is not known');
  }

  #take(name: string): unknown {
    this.#used.add(name);
    return this.#values.get(name);
  }
}

export function invalid(message: string): ApiError {
  return new ApiError('invalid', message);
}
