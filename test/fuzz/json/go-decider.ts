import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { goProgram } from '../../interop/support/go-build.js';

/** What Go's encoding/json makes of a value: its own JSON of what it read, or undefined where it refuses the value. */
export type GoOutcome = string | undefined;

/** Go's encoding/json, in a process of its own. */
export class GoDecider {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  /** @throws {NoGo} where there is no Go. */
  static async start(): Promise<GoDecider> {
    const child = spawn(await goProgram('go-corpus'), ['decide'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child, 'spawn');
    child.stdin.on('error', () => {}); // it has ended, which its output shows
    return new GoDecider(child);
  }

  /** One outcome for each value, in their order. */
  async decide(values: readonly Buffer[]): Promise<readonly GoOutcome[]> {
    this.#child.stdin.write(values.map((value) => `${value.toString('base64')}\n`).join(''));
    const outcomes: GoOutcome[] = [];
    while (outcomes.length < values.length) {
      const { value: line, done } = await this.#lines.next();
      if (done) throw new Error('the Go program has ended');
      outcomes.push(line === '-' ? undefined : Buffer.from(line, 'base64').toString());
    }
    return outcomes;
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }
}
