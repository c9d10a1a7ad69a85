/** A hash of everything that happened and, on request, the trace as lines. */
export class Trace {
  readonly lines: string[] = [];
  readonly #keepLines: boolean;
  #a = 0x811c9dc5;
  #b = 0x9e3779b9;

  constructor(keep: boolean) {
    this.#keepLines = keep;
  }

  record(at: number, what: number, one: number | bigint, two: number | bigint, line: () => string): void {
    this.#mix(at);
    this.#mix(what);
    this.#mix(Number(one));
    this.#mix(Number(two));
    if (this.#keepLines) this.lines.push(`${String(at).padStart(7)} ms  ${line()}`);
  }

  get hash(): string {
    return hex(this.#a) + hex(this.#b);
  }

  #mix(value: number): void {
    // Ids exceed 2^32, so both halves are mixed in.
    const low = value >>> 0;
    const high = Math.floor(value / 2 ** 32) >>> 0;
    this.#a = Math.imul(this.#a ^ low, 0x01000193) >>> 0;
    this.#b = (Math.imul(this.#b ^ (low + high), 0x85ebca6b) + (this.#b >>> 13)) >>> 0;
  }
}

/** Combines several hashes into one. */
export function combine(hashes: Iterable<string>): string {
  const trace = new Trace(false);
  for (const hash of hashes) {
    trace.record(Number.parseInt(hash.slice(0, 8), 16), Number.parseInt(hash.slice(8), 16), 0, 0, () => '');
  }
  return trace.hash;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
