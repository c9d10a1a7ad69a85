import { GoMissingError } from '../../interop/support/go-build.js';
import { GoLines } from '../go-lines.js';

/** How Go parses a text, as an address and as a target. */
export interface GoReading {
  readonly host?: string;
  readonly port?: string;
  readonly isIP?: boolean;
  readonly service?: string;
  readonly isUTF8: boolean;
}

/** Go's own parsers, in a process that answers one list per line. */
export class GoParsers {
  readonly #go: GoLines;

  private constructor(go: GoLines) {
    this.#go = go;
  }

  /** Undefined without a Go toolchain. */
  static async start(): Promise<GoParsers | undefined> {
    try {
      return new GoParsers(await GoLines.start('go-parsers'));
    } catch (error) {
      if (error instanceof GoMissingError) return undefined;
      throw error;
    }
  }

  async read(texts: readonly string[]): Promise<readonly GoReading[]> {
    this.#go.write([JSON.stringify(texts)]);
    return JSON.parse(await this.#go.next()) as GoReading[];
  }

  close(): Promise<void> {
    return this.#go.close();
  }
}
