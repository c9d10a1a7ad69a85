import { GoLines } from '../go-lines.js';

/** Go's own JSON of what it decoded, or undefined if it rejects the value. */
export type GoOutcome = string | undefined;

/** Go's encoding/json, in a separate process. */
export class GoDecoder {
  readonly #go: GoLines;

  private constructor(go: GoLines) {
    this.#go = go;
  }

  /** @throws {GoMissingError} without a Go toolchain. */
  static async start(): Promise<GoDecoder> {
    return new GoDecoder(await GoLines.start('go-corpus', 'decide'));
  }

  /** One outcome per value, in order. */
  async decode(values: readonly Buffer[]): Promise<readonly GoOutcome[]> {
    this.#go.write(values.map((value) => value.toString('base64')));
    const outcomes: GoOutcome[] = [];
    while (outcomes.length < values.length) {
      const line = await this.#go.next();
      outcomes.push(line === '-' ? undefined : Buffer.from(line, 'base64').toString());
    }
    return outcomes;
  }

  close(): Promise<void> {
    return this.#go.close();
  }
}
