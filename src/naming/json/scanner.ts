import { EndpointDecodeError } from '../errors.js';

/** The character codes of JSON's syntax. */
export const char = {
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  upperE: 0x45,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  lowerE: 0x65,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** V8 copies slices shorter than this; a longer slice keeps the whole text in memory. */
const maxCopiedLength = 13;

/** A JSON escape: a surrogate pair, a lone surrogate (captured), or any other escape. */
const escapes =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2})|[\s\S])/g;

/**
 * Scans the tokens of a JSON text. Avoids regular expressions of unbounded length: a long token would overflow their
 * stack.
 */
export class JsonScanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get position(): number {
    return this.#position;
  }

  /** Returns the text from `from` to the current position. */
  textFrom(from: number): string {
    return this.#text.slice(from, this.#position);
  }

  /** Skips white space and returns the next character code; NaN at the end. */
  peek(): number {
    for (;;) {
      const next = this.#text.charCodeAt(this.#position);
      if (next !== 0x20 && next !== 0x0a && next !== 0x0d && next !== 0x09) return next;
      this.#position++;
    }
  }

  /** Skips the wanted character if it is next, and returns whether it was. */
  consume(wanted: number): boolean {
    if (this.peek() !== wanted) return false;
    this.#position++;
    return true;
  }

  expect(wanted: number): void {
    if (!this.consume(wanted)) throw this.unexpectedError();
  }

  expectEnd(): void {
    if (!Number.isNaN(this.peek())) throw this.unexpectedError();
  }

  /** @throws {EndpointDecodeError} if the literal is not next. */
  expectLiteral(wanted: string): void {
    if (!this.#text.startsWith(wanted, this.#position)) throw this.unexpectedError();
    this.#position += wanted.length;
  }

  /** Reads a number and returns its text. */
  readNumber(): string {
    const from = this.#position;
    this.#skip(char.minus);
    if (!this.#skip(char.zero)) this.#skipDigits();
    if (this.#skip(char.dot)) this.#skipDigits();
    if (this.#skip(char.lowerE) || this.#skip(char.upperE)) {
      if (!this.#skip(char.plus)) this.#skip(char.minus);
      this.#skipDigits();
    }
    return this.textFrom(from);
  }

  /** Reads a string; a lone surrogate becomes U+FFFD, as in Go. */
  readString(): string {
    this.peek();
    const from = this.#position;
    this.#skipQuoted();
    const quoted = this.textFrom(from);
    if (quoted.length < maxCopiedLength && !/[\\\p{Cc}]/u.test(quoted)) return quoted.slice(1, -1);
    const whole = quoted.includes('\\u') ? quoted.replace(escapes, replaceLoneSurrogate) : quoted;
    try {
      return JSON.parse(whole) as string;
    } catch {
      // Without the parser's error, which quotes the record.
      throw new EndpointDecodeError(`the value is not JSON: an invalid string at character ${from}`);
    }
  }

  unexpectedError(): EndpointDecodeError {
    if (this.#text === '') return new EndpointDecodeError('the value is empty');
    const found = this.#position < this.#text.length ? JSON.stringify(this.#text[this.#position]) : 'the end';
    return new EndpointDecodeError(`the value is not JSON: ${found} at character ${this.#position}`);
  }

  #skipQuoted(): void {
    if (!this.#skip(char.quote)) throw this.unexpectedError();
    const from = this.#position;
    do {
      const end = this.#text.indexOf('"', this.#position);
      this.#position = end < 0 ? this.#text.length : end + 1;
      if (end < 0) throw this.unexpectedError();
    } while (this.#isEscaped(this.#position - 1, from));
  }

  #isEscaped(at: number, from: number): boolean {
    let slashes = 0;
    while (at - slashes > from && this.#text.charCodeAt(at - slashes - 1) === char.backslash) slashes++;
    return slashes % 2 === 1;
  }

  #skip(wanted: number): boolean {
    if (this.#text.charCodeAt(this.#position) !== wanted) return false;
    this.#position++;
    return true;
  }

  #skipDigits(): void {
    const from = this.#position;
    while (isDigit(this.#text.charCodeAt(this.#position))) this.#position++;
    if (this.#position === from) throw this.unexpectedError();
  }
}

function isDigit(code: number): boolean {
  return code >= char.zero && code <= char.nine;
}

function replaceLoneSurrogate(sequence: string, surrogate: string | undefined): string {
  return surrogate === undefined ? sequence : '\\ufffd';
}
