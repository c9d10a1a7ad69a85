import { keyText, toBuffer } from '../../model/index.js';
import type { JsonValue } from '../endpoint.js';
import { EndpointDecodeError } from '../errors.js';
import { isRounded, rememberDigits } from './exact-digits.js';
import { char, JsonScanner } from './scanner.js';

/**
 * The nesting limit of Go's `encoding/json`.
 *
 * Specification: https://github.com/golang/go/blob/go1.26.8/src/encoding/json/scanner.go#L148
 */
export const maxDepth = 10_000;

/** A member of the top-level object. */
export interface JsonMember {
  readonly name: string;
  readonly value: JsonValue;
  /** The text of the value. */
  readonly text: string;
  /** The first number in the value that is beyond float64, such as `1e400`; undefined for none. */
  readonly tooLarge: string | undefined;
}

/**
 * Reads JSON as Go's `encoding/json` does. Returns the members of the top-level object in order, including repeated names;
 * undefined for `null`. `JSON.parse` hides details that Go's result depends on: repeated names, the digits of numbers, and
 * bytes that are not UTF-8. Not recursive, because any client can write the value.
 * @throws {EndpointDecodeError} for a value that is not JSON, not an object, or nested deeper than 10,000 levels.
 */
export function readMembers(value: Uint8Array): readonly JsonMember[] | undefined {
  return new JsonReader(decodeLikeGo(value)).read();
}

/** Go replaces each byte that is not UTF-8 by U+FFFD; Node replaces each run of such bytes. */
function decodeLikeGo(value: Uint8Array): string {
  const text = toBuffer(value).toString('utf8');
  return text.includes('\ufffd') ? keyText(value).replace(/[\ud800-\udfff]/gu, '\ufffd') : text;
}

/** A list or object that is not complete. */
interface OpenContainer {
  readonly value: JsonValue[] | Record<string, JsonValue>;
  /** The name of the current member; unused in a list. */
  name: string;
}

class JsonReader {
  readonly #scanner: JsonScanner;
  #open: OpenContainer[] = [];
  /** The digits of the last number if float64 rounds it; undefined otherwise. */
  #roundedDigits: string | undefined;
  #tooLarge: string | undefined;

  constructor(text: string) {
    this.#scanner = new JsonScanner(text);
  }

  read(): readonly JsonMember[] | undefined {
    const members = this.#scanner.consume(char.openObject) ? this.#readMembers() : this.#readNull();
    this.#scanner.expectEnd();
    return members;
  }

  #readNull(): undefined {
    const value = this.#readValue(0);
    this.#scanner.expectEnd();
    if (value !== null) throw new EndpointDecodeError('the value is not a JSON object');
  }

  #readMembers(): JsonMember[] {
    const members: JsonMember[] = [];
    if (this.#scanner.consume(char.closeObject)) return members;
    do {
      const name = this.#readName();
      this.#scanner.peek();
      const start = this.#scanner.position;
      this.#tooLarge = undefined;
      const value = this.#readValue(1);
      members.push({ name, value, text: this.#scanner.textFrom(start), tooLarge: this.#tooLarge });
    } while (this.#scanner.consume(char.comma));
    this.#scanner.expect(char.closeObject);
    return members;
  }

  #readName(): string {
    const name = this.#scanner.readString();
    this.#scanner.expect(char.colon);
    return name;
  }

  /** Reads a value inside `depth` containers. */
  #readValue(depth: number): JsonValue {
    this.#open = [];
    for (;;) {
      let value = this.#readStart(depth + this.#open.length);
      while (value !== undefined) {
        const container = this.#open.at(-1);
        if (!container) return value;
        this.#add(container, value);
        value = this.#closeOrContinue(container);
      }
    }
  }

  /** Reads a scalar or an empty container; undefined after opening a container. */
  #readStart(depth: number): JsonValue | undefined {
    const next = this.#scanner.peek();
    if (next === char.quote) return this.#scanner.readString();
    if (next !== char.openObject && next !== char.openList) return this.#readLiteral(next);
    if (depth >= maxDepth)
      throw new EndpointDecodeError(`the value is nested deeper than ${maxDepth} levels`);
    this.#scanner.consume(next);
    if (next === char.openList) {
      if (this.#scanner.consume(char.closeList)) return [];
      this.#open.push({ value: [], name: '' });
    } else {
      if (this.#scanner.consume(char.closeObject)) return {};
      this.#open.push({ value: {}, name: this.#readName() });
    }
    return undefined;
  }

  /** Returns the container if it ends here; undefined if another value follows. */
  #closeOrContinue(container: OpenContainer): JsonValue | undefined {
    const { value } = container;
    const isList = Array.isArray(value);
    if (this.#scanner.consume(char.comma)) {
      if (!isList) container.name = this.#readName();
      return undefined;
    }
    this.#scanner.expect(isList ? char.closeList : char.closeObject);
    this.#open.pop();
    return value;
  }

  #add({ value: container, name }: OpenContainer, value: JsonValue): void {
    if (typeof value === 'number' && this.#roundedDigits !== undefined)
      rememberDigits(
        container,
        Array.isArray(container) ? String(container.length) : name,
        this.#roundedDigits,
      );
    if (Array.isArray(container)) container.push(value);
    else setMember(container, name, value);
  }

  #readLiteral(next: number): JsonValue {
    switch (next) {
      case 0x74:
        this.#scanner.expectLiteral('true');
        return true;
      case 0x66:
        this.#scanner.expectLiteral('false');
        return false;
      case 0x6e:
        this.#scanner.expectLiteral('null');
        return null;
      default:
        return this.#readNumber();
    }
  }

  #readNumber(): number {
    const digits = this.#scanner.readNumber();
    const value = Number(digits);
    if (!Number.isFinite(value)) this.#tooLarge ??= digits;
    this.#roundedDigits = isRounded(digits, value) ? digits : undefined;
    return value;
  }
}

/** Defines `__proto__` as a member: an assignment would change the prototype. */
function setMember(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
