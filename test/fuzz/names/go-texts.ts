import { GoMissingError, type GoProgram } from '../../interop/support/go-build.js';
import { GoLines } from '../go-lines.js';

/** A Go program that reads lists of texts, and answers with a list of readings. */
export class GoTexts<Reading> {
  readonly #go: GoLines;

  private constructor(go: GoLines) {
    this.#go = go;
  }

  /** Undefined without a Go toolchain. */
  static async start<Reading>(
    program: GoProgram,
    ...args: readonly string[]
  ): Promise<GoTexts<Reading> | undefined> {
    try {
      return new GoTexts<Reading>(await GoLines.start(program, ...args));
    } catch (error) {
      if (error instanceof GoMissingError) return undefined;
      throw error;
    }
  }

  /** One reading per text, in order. */
  async read(texts: readonly string[]): Promise<readonly Reading[]> {
    this.#go.write([JSON.stringify(texts)]);
    return JSON.parse(await this.#go.next()) as Reading[];
  }

  close(): Promise<void> {
    return this.#go.close();
  }
}
