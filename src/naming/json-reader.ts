import { keyText, toBuffer } from '../model/index.js';
import type { JsonValue } from './endpoint.js';
import { EndpointDecodeError } from './errors.js';
import { isRounded, rememberDigits } from './exact-digits.js';
import { char, JsonScanner } from './json-scanner.js';

/** Go's `encoding/json` reads values that are nested in each other so many times, and no more. */
export const maxDepth = 10_000;

/** A member of the outermost object. */
export interface JsonMember {
  readonly name: string;
  readonly value: JsonValue;
  /** The value as it is written. */
  readonly text: string;
  /** A number in the value that is beyond float64, such as `1e400`; undefined for none. */
  readonly tooLarge: string | undefined;
}

/**
 * Reads JSON as Go's `encoding/json` does: the members of the outermost object in their order, a repeated name as often
 * as it comes; undefined for `null`. `JSON.parse` does not show what Go judges by: repeated names, how a number is
 * written, how many bytes are not UTF-8. It uses no recursion, since any client can write the value.
 * @throws {EndpointDecodeError} for what is not JSON, is no object, or is nested deeper than 10,000 levels.
 */
export function readMembers(value: Uint8Array): readonly JsonMember[] | undefined {
  return new JsonReader(decodeLikeGo(value)).read();
}

/** Go replaces each byte that is not UTF-8; Node replaces each run of them. */
function decodeLikeGo(value: Uint8Array): string {
  const text = toBuffer(value).toString('utf8');
  return text.includes('\ufffd') ? keyText(value).replace(/\p{Surrogate}/gu, '\ufffd') : text;
}

/** A list or an object whose end has not been read. */
interface OpenContainer {
  readonly value: JsonValue[] | Record<string, JsonValue>;
  /** Of the member that is being read; unused in a list. */
  name: string;
}

class JsonReader {
  readonly #scanner: JsonScanner;
  #open: OpenContainer[] = [];
  /** The last number, where its value is another one than its digits say. */
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
      const from = this.#scanner.position;
      this.#tooLarge = undefined;
      const value = this.#readValue(1);
      members.push({ name, value, text: this.#scanner.textFrom(from), tooLarge: this.#tooLarge });
    } while (this.#scanner.consume(char.comma));
    this.#scanner.expect(char.closeObject);
    return members;
  }

  #readName(): string {
    const name = this.#scanner.readString();
    this.#scanner.expect(char.colon);
    return name;
  }

  /** A value that lies in `depth` containers. */
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

  /** A whole value; undefined for a container that has just been opened. */
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

  /** The container when it ends here; undefined when another value of it follows. */
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

/** Also where the name is `__proto__`, by which an assignment would change the object's prototype. */
function setMember(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
