import { GoMissingError } from '../../interop/support/go-build.js';
import { GoLines } from '../go-lines.js';

/** What grpc-go dials for an address. */
export interface GoDialled {
  readonly network: 'tcp' | 'unix';
  /** An IP address and port, a name and port, or a path. */
  readonly address: string;
  /** It is an IP address to which no system connects by TCP. */
  readonly unreachable?: boolean;
}

/** How Go parses a text, as an address and as a target. */
export interface GoReading {
  readonly host?: string;
  readonly port?: string;
  readonly isIP?: boolean;
  readonly service?: string;
  readonly isUTF8: boolean;
  /** Absent if grpc-go cannot dial it, or was not asked. */
  readonly dialled?: GoDialled;
}

/** Go's own parsers, in a process that answers one list per line. */
export class GoParsers {
  readonly #go: GoLines;

  private constructor(go: GoLines) {
    this.#go = go;
  }

  /**
   * Undefined without a Go toolchain.
   * @param withDial Whether to read what grpc-go dials.
   */
  static async start(withDial: boolean): Promise<GoParsers | undefined> {
    try {
      return new GoParsers(await GoLines.start('go-parsers', ...(withDial ? ['dial'] : [])));
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
