/** What happened, as a hash of everything and, when a person is to read it, as lines. */
export class Trace {
  readonly lines: string[] = [];
  readonly #keep: boolean;
  #a = 0x811c9dc5;
  #b = 0x9e3779b9;

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  note(at: number, what: number, one: number | bigint, two: number | bigint, line: () => string): void {
    this.#mix(at);
    this.#mix(what);
    this.#mix(Number(one));
    this.#mix(Number(two));
    if (this.#keep) this.lines.push(`${String(at).padStart(7)} ms  ${line()}`);
  }

  get hash(): string {
    return hex(this.#a) + hex(this.#b);
  }

  #mix(value: number): void {
    // Ids are above 2^32: both halves count.
    const low = value >>> 0;
    const high = Math.floor(value / 2 ** 32) >>> 0;
    this.#a = Math.imul(this.#a ^ low, 0x01000193) >>> 0;
    this.#b = (Math.imul(this.#b ^ (low + high), 0x85ebca6b) + (this.#b >>> 13)) >>> 0;
  }
}

/** One hash for a row of them. */
export function combine(hashes: Iterable<string>): string {
  const trace = new Trace(false);
  for (const hash of hashes) {
    trace.note(Number.parseInt(hash.slice(0, 8), 16), Number.parseInt(hash.slice(8), 16), 0, 0, () => '');
  }
  return trace.hash;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
