/** Stands for each variable part of a text. */
const variable = '…';

/**
 * The texts that a source passes as the first argument of the calls that `callee` matches: its literals, joined where
 * the source joins them with `+`. Both sides of a condition count. An argument that is not a literal gives nothing.
 *
 * @param callee A global pattern for the beginning of a call, up to and including its bracket.
 */
export function textsPassed(source: string, callee: RegExp): string[] {
  return [...source.matchAll(callee)].flatMap(({ 0: call, index }) =>
    new ArgumentReader(source, index + call.length).read(),
  );
}

class ArgumentReader {
  readonly #source: string;
  #position: number;
  readonly #texts: string[] = [];
  /** Whether the next literal continues the last one. */
  #joins = false;

  constructor(source: string, position: number) {
    this.#source = source;
    this.#position = position;
  }

  /** Reads up to the comma or the bracket that ends the argument. */
  read(): string[] {
    for (;;) {
      const char = this.#source[this.#position];
      if (char === undefined || char === ',' || char === ')') return this.#texts;
      if (char === "'" || char === '"' || char === '`') this.#add(this.#literal(char));
      else if (char === '(' || char === '{' || char === '[') this.#skipNested();
      else if (char === '+') this.#joins = this.#texts.length > 0;
      else if (char === '?' || char === ':') this.#joins = false;
      this.#position++;
    }
  }

  #add(text: string): void {
    if (this.#joins) this.#texts.push((this.#texts.pop() ?? '') + text);
    else this.#texts.push(text);
    this.#joins = false;
  }

  /** Reads a literal. Ends at its last quote. */
  #literal(quote: string): string {
    let text = '';
    for (;;) {
      const char = this.#source[++this.#position];
      if (char === undefined || char === quote) return text;
      if (char === '\\') text += this.#source[++this.#position];
      else if (quote === '`' && char === '$' && this.#source[this.#position + 1] === '{') {
        this.#position++;
        this.#skipNested();
        text += variable;
      } else text += char;
    }
  }

  /** Skips what is in brackets, literals included. Ends at the closing bracket. */
  #skipNested(): void {
    let depth = 0;
    for (; this.#position < this.#source.length; this.#position++) {
      const char = this.#source[this.#position] ?? '';
      if ('({['.includes(char)) depth++;
      if (')}]'.includes(char) && --depth === 0) return;
      if (char === "'" || char === '"' || char === '`') this.#literal(char);
    }
  }
}
