import assert from 'node:assert/strict';
import { once } from 'node:events';
import { ProcessGroup } from '#src/testing/process/group.js';
import { guard } from '#src/testing/process/guard.js';

/** A running program of a page with all processes that it starts, and what it has printed. */
export class PageProgram {
  readonly #group: ProcessGroup;
  readonly #exited: Promise<unknown>;
  readonly #closed: Promise<unknown>;
  text = '';

  constructor(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
    const [program = '', ...args] = command;
    this.#group = new ProcessGroup(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env });
    const { leader } = this.#group;
    leader.ref();
    this.#exited = once(leader, 'exit');
    this.#closed = once(leader, 'close');
    for (const stream of [leader.stdout, leader.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.text += chunk.toString();
      });
    const guarding = guard('kill -9 "-$1" 2>/dev/null', [String(this.#group.id ?? '')]);
    void this.#group.ended.then(() => guarding.release());
  }

  /** Waits until it has printed a text that matches. Fails if it ends before. */
  async prints(expected: RegExp): Promise<void> {
    const { stdout, stderr } = this.#group.leader;
    while (!expected.test(this.text)) {
      const ended = await Promise.race([
        this.#closed,
        once(stdout!, 'data').then(() => undefined),
        once(stderr!, 'data').then(() => undefined),
      ]);
      if (ended && !expected.test(this.text)) assert.fail(`it ended with: ${this.text}`);
    }
  }

  /** Waits until it ends with exit code 0. */
  async ended(): Promise<void> {
    await this.#closed;
    const { exitCode, signalCode } = this.#group.leader;
    assert.equal(exitCode, 0, `ended with ${exitCode ?? signalCode}: ${this.text}`);
  }

  /** Sends a signal to the program itself. */
  kill(signal: NodeJS.Signals): void {
    this.#group.leader.kill(signal);
  }

  /** Ends it, so that another one can listen on its port. */
  async stop(): Promise<void> {
    await this.#group.kill();
    await this.#exited;
  }
}

/** A pattern for the output that a page shows: any number matches a number, and `…` any text. */
export function outputPattern(output: string): RegExp {
  const escaped = output.trim().replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\d+/g, '\\d+').replaceAll('…', '[^]*?')}`);
}
