import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type GoProgram, goProgram } from './go-build.js';

/** An error of Go's own packages, with the name of its gRPC code. */
export class GoError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

interface Line {
  readonly id?: number;
  readonly of?: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly code?: string;
}

/**
 * A Go program in a separate process, which reads requests as lines of JSON on stdin and writes replies (`id`, and
 * `result` or `error`) and events (`of`: the id of the request that they belong to) on stdout.
 */
export class GoProcess<Event = unknown> {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #replies = new Map<number, (line: Line) => void>();
  readonly #events = new Map<number, Event[]>();
  #ids = 0;
  #log = '';

  private constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#child = child;
    child.stderr.on('data', (text: Buffer) => {
      this.#log = (this.#log + text).slice(-8_192);
    });
    child.stdin.on('error', () => {});
    child.once('exit', () => {
      const error = `the Go program has exited:\n${this.#log}`;
      for (const settle of this.#replies.values()) settle({ error });
      this.#replies.clear();
    });
    createInterface(child.stdout).on('line', (text) => this.#onLine(JSON.parse(text) as Line));
  }

  /** @throws {GoMissingError} without a Go toolchain or the program's modules. */
  static async start<Event = unknown>(
    program: GoProgram,
    args: readonly string[],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<GoProcess<Event>> {
    const env = { ...process.env, ...variables };
    const child = spawn(await goProgram(program), args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    await once(child, 'spawn');
    return new GoProcess(child);
  }

  /** The end of the program's log. */
  get log(): string {
    return this.#log;
  }

  /** Sends a request, and returns the result. */
  request(request: object): Promise<unknown> {
    return this.send(request).reply;
  }

  /** Sends a request whose id other requests or events refer to. */
  send(request: object): { readonly id: number; readonly reply: Promise<unknown> } {
    const id = ++this.#ids;
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#replies.set(id, ({ result, error, code }) =>
        error === undefined ? resolve(result) : reject(new GoError(error, code ?? '')),
      );
    });
    this.#child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    return { id, reply };
  }

  /** The events of a request. The list grows. */
  eventsOf(id: number): readonly Event[] {
    return this.#eventsOf(id);
  }

  /** Kills the program: it cannot revoke a lease. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #eventsOf(id: number): Event[] {
    const known = this.#events.get(id);
    if (known) return known;
    const events: Event[] = [];
    this.#events.set(id, events);
    return events;
  }

  #onLine(line: Line): void {
    if (line.of !== undefined) this.#eventsOf(line.of).push(line as Event);
    else if (line.id !== undefined) {
      this.#replies.get(line.id)?.(line);
      this.#replies.delete(line.id);
    }
  }
}
