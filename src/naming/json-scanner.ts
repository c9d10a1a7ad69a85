import { EndpointDecodeError } from './errors.js';

/** The characters that JSON is made of. */
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

/** V8 copies a slice that is shorter than this; a longer one would keep the whole text alive. */
const shortText = 13;

/** An escape of JSON: a whole surrogate pair, half of one, or any other. */
const escapes =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2})|[\s\S])/g;

/**
 * Walks over the tokens of a JSON text. Without regular expressions of unbounded length, whose stack a long token would
 * overflow.
 */
export class JsonScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get at(): number {
    return this.#at;
  }

  /** The text from there up to here. */
  since(from: number): string {
    return this.#text.slice(from, this.#at);
  }

  /** The next character that is no white space; NaN at the end. */
  peek(): number {
    for (;;) {
      const next = this.#text.charCodeAt(this.#at);
      if (next !== 0x20 && next !== 0x0a && next !== 0x0d && next !== 0x09) return next;
      this.#at++;
    }
  }

  /** Whether that is what comes next, which is then passed. */
  takes(wanted: number): boolean {
    if (this.peek() !== wanted) return false;
    this.#at++;
    return true;
  }

  expect(wanted: number): void {
    if (!this.takes(wanted)) throw this.unexpected();
  }

  expectEnd(): void {
    if (!Number.isNaN(this.peek())) throw this.unexpected();
  }

  /** @throws {EndpointDecodeError} where no such word stands here. */
  word(wanted: string): void {
    if (!this.#text.startsWith(wanted, this.#at)) throw this.unexpected();
    this.#at += wanted.length;
  }

  /** The text of a number. */
  number(): string {
    const from = this.#at;
    this.#passes(char.minus);
    if (!this.#passes(char.zero)) this.#digits();
    if (this.#passes(char.dot)) this.#digits();
    if (this.#passes(char.lowerE) || this.#passes(char.upperE)) {
      if (!this.#passes(char.plus)) this.#passes(char.minus);
      this.#digits();
    }
    return this.since(from);
  }

  /** What a string says; half a surrogate pair is U+FFFD, as in Go. */
  string(): string {
    this.peek();
    const from = this.#at;
    this.#passQuoted();
    const quoted = this.since(from);
    if (quoted.length < shortText && !/[\\\p{Cc}]/u.test(quoted)) return quoted.slice(1, -1);
    const whole = quoted.includes('\\u') ? quoted.replace(escapes, withoutHalf) : quoted;
    try {
      return JSON.parse(whole) as string;
    } catch {
      // Without the parser's own error, which quotes the record.
      throw new EndpointDecodeError(`the value is not JSON: a bad string at character ${from}`);
    }
  }

  unexpected(): EndpointDecodeError {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : 'the end';
    return new EndpointDecodeError(`the value is not JSON: ${found} at character ${this.#at}`);
  }

  #passQuoted(): void {
    if (!this.#passes(char.quote)) throw this.unexpected();
    const from = this.#at;
    do {
      const end = this.#text.indexOf('"', this.#at);
      this.#at = end < 0 ? this.#text.length : end + 1;
      if (end < 0) throw this.unexpected();
    } while (this.#isEscaped(this.#at - 1, from));
  }

  #isEscaped(at: number, from: number): boolean {
    let slashes = 0;
    while (at - slashes > from && this.#text.charCodeAt(at - slashes - 1) === char.backslash) slashes++;
    return slashes % 2 === 1;
  }

  #passes(wanted: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== wanted) return false;
    this.#at++;
    return true;
  }

  #digits(): void {
    const from = this.#at;
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
    if (this.#at === from) throw this.unexpected();
  }
}

function isDigit(code: number): boolean {
  return code >= char.zero && code <= char.nine;
}

function withoutHalf(whole: string, half: string | undefined): string {
  return half === undefined ? whole : '\\ufffd';
}
