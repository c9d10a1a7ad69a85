import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { JsonValue } from '#src/naming/index.js';
import { until } from '#src/testing/wait.js';
import { skip } from '../../support/etcd.js';
import { GoMissingError, type GoProgram, goProgram } from './go-build.js';

/** A change for Go to make. */
export interface GoOp {
  readonly op: 'add' | 'delete' | 'bad';
  readonly key: string;
  readonly addr?: string;
  /** JSON, which Go decodes into its own values. */
  readonly metadata?: string;
  /** Uses a Go struct as metadata instead. */
  readonly typed?: boolean;
  readonly lease?: string;
}

export interface GoRecord {
  readonly key: string;
  readonly addr: string;
  readonly metadata: JsonValue;
}

/** An event of a Go watch or resolver, with its time in milliseconds since 1970. */
export type GoEvent =
  | { readonly event: 'batch'; readonly at: number; readonly updates: readonly (GoRecord & { op: string })[] }
  | { readonly event: 'closed'; readonly at: number }
  | { readonly event: 'state'; readonly at: number; readonly addrs: readonly string[] }
  | { readonly event: 'rejected'; readonly at: number; readonly error: string };

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

/** A Go etcd client in a separate process. */
export class GoNaming {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #replies = new Map<number, (line: Line) => void>();
  readonly #events = new Map<number, GoEvent[]>();
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

  /** @throws {GoMissingError} without a Go toolchain. */
  static async start(endpoints: readonly string[]): Promise<GoNaming> {
    const program = await goProgram('go-naming');
    const child = spawn(program, [endpoints.join(',')], { stdio: ['pipe', 'pipe', 'pipe'] });
    await once(child, 'spawn');
    return new GoNaming(child);
  }

  /** The end of the Go client's log. */
  get log(): string {
    return this.#log;
  }

  async update(target: string, ops: readonly GoOp[]): Promise<void> {
    await this.#request({ cmd: 'update', target, ops, deadlineMs: 10_000 });
  }

  async list(target: string): Promise<Map<string, GoRecord>> {
    const found = (await this.#request({ cmd: 'list', target, deadlineMs: 10_000 })) as GoRecord[];
    return new Map(found.map((record) => [record.key, record]));
  }

  async grant(ttl: number): Promise<string> {
    return (await this.#request({ cmd: 'grant', ttl, deadlineMs: 10_000 })) as string;
  }

  async watch(target: string): Promise<GoWatch> {
    const { id, reply } = this.#send({ cmd: 'watch', target });
    await reply;
    return new GoWatch(this.#eventsOf(id));
  }

  async dial(target: string): Promise<GoChannel> {
    const { id, reply } = this.#send({ cmd: 'dial', target });
    await reply;
    const call = (count: number, deadlineMs: number) =>
      this.#request({ cmd: 'call', of: id, count, deadlineMs }) as Promise<GoAnswers>;
    return new GoChannel(this.#eventsOf(id), call);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #eventsOf(id: number): GoEvent[] {
    const known = this.#events.get(id);
    if (known) return known;
    const events: GoEvent[] = [];
    this.#events.set(id, events);
    return events;
  }

  #request(request: object): Promise<unknown> {
    return this.#send(request).reply;
  }

  #send(request: object): { id: number; reply: Promise<unknown> } {
    const id = ++this.#ids;
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#replies.set(id, ({ result, error, code }) =>
        error === undefined ? resolve(result) : reject(new GoError(error, code ?? '')),
      );
    });
    this.#child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    return { id, reply };
  }

  #onLine(line: Line): void {
    if (line.of !== undefined) this.#eventsOf(line.of).push(line as unknown as GoEvent);
    else if (line.id !== undefined) {
      this.#replies.get(line.id)?.(line);
      this.#replies.delete(line.id);
    }
  }
}

/** The events of a Go watch channel, and the state that they result in. */
export class GoWatch {
  readonly events: readonly GoEvent[];

  constructor(events: readonly GoEvent[]) {
    this.events = events;
  }

  get closed(): boolean {
    return this.events.some(({ event }) => event === 'closed');
  }

  /** The current records by key. */
  get records(): Map<string, GoRecord> {
    return this.states().at(-1) ?? new Map();
  }

  /** The records after each batch. */
  states(): Map<string, GoRecord>[] {
    const now = new Map<string, GoRecord>();
    const all: Map<string, GoRecord>[] = [];
    for (const event of this.events) {
      if (event.event !== 'batch') continue;
      for (const { op, ...record } of event.updates)
        op === 'delete' ? now.delete(record.key) : now.set(record.key, record);
      all.push(new Map(now));
    }
    return all;
  }

  get keys(): string {
    return [...this.records.keys()].sort().join();
  }
}

export interface GoAnswers {
  readonly answers: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
}

/** A grpc-go channel with Go's resolver. */
export class GoChannel {
  readonly events: readonly GoEvent[];
  /** Makes calls one after the other, each with this deadline. */
  readonly call: (count: number, deadlineMs: number) => Promise<GoAnswers>;

  constructor(events: readonly GoEvent[], call: (count: number, deadlineMs: number) => Promise<GoAnswers>) {
    this.events = events;
    this.call = call;
  }

  /** The addresses that the resolver reported last; undefined before the first. */
  get addrs(): string[] | undefined {
    const states = this.events.filter((event) => event.event === 'state');
    const last = states.at(-1);
    return last && [...last.addrs].sort();
  }

  async resolves(...addrs: string[]): Promise<void> {
    await until(
      `Go resolves [${addrs}]`,
      { timeoutMs: 10_000 },
      () => this.addrs?.join() === addrs.sort().join(),
    );
  }
}

/** For a suite's `before`: skips the suite without a Go toolchain, and prints the reason. */
export async function goOrSkip(context: Mocha.Context, program: GoProgram = 'go-naming'): Promise<void> {
  context.timeout(300_000);
  try {
    await goProgram(program);
  } catch (error) {
    if (!(error instanceof GoMissingError)) throw error;
    skip(context, error.message);
  }
}
