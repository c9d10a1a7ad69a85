import { GoLines } from '../go-lines.js';

/** What Go's encoding/json makes of a value: its own JSON of what it read, or undefined where it refuses the value. */
export type GoOutcome = string | undefined;

/** Go's encoding/json, in a process of its own. */
export class GoDecider {
  readonly #go: GoLines;

  private constructor(go: GoLines) {
    this.#go = go;
  }

  /** @throws {NoGo} where there is no Go. */
  static async start(): Promise<GoDecider> {
    return new GoDecider(await GoLines.start('go-corpus', 'decide'));
  }

  /** One outcome for each value, in their order. */
  async decide(values: readonly Buffer[]): Promise<readonly GoOutcome[]> {
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
