import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type GoProgram, goProgram } from '../interop/support/go-build.js';

/** A Go program that answers each input line with one line. */
export class GoLines {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  /** @throws {GoMissingError} without a Go toolchain. */
  static async start(program: GoProgram, ...args: string[]): Promise<GoLines> {
    const child = spawn(await goProgram(program), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child, 'spawn');
    child.stdin.on('error', () => {}); // the program has ended; reading its output reports that
    return new GoLines(child);
  }

  write(lines: readonly string[]): void {
    this.#child.stdin.write(lines.map((line) => `${line}\n`).join(''));
  }

  async next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the Go program has ended');
    return value;
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }
}
