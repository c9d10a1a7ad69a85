import type { JsonValue } from '#src/naming/index.js';
import { until } from '#src/testing/wait.js';
import { skip } from '../../support/etcd.js';
import { GoMissingError, type GoProgram, goProgram } from './go-build.js';
import { GoProcess } from './go-process.js';

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

/** A Go etcd client in a separate process. */
export class GoNaming {
  readonly #process: GoProcess<GoEvent>;

  private constructor(process: GoProcess<GoEvent>) {
    this.#process = process;
  }

  /** @throws {GoMissingError} without a Go toolchain. */
  static async start(endpoints: readonly string[]): Promise<GoNaming> {
    return new GoNaming(await GoProcess.start('go-naming', [endpoints.join(',')]));
  }

  /** The end of the Go client's log. */
  get log(): string {
    return this.#process.log;
  }

  async update(target: string, ops: readonly GoOp[]): Promise<void> {
    await this.#process.request({ cmd: 'update', target, ops, deadlineMs: 10_000 });
  }

  async list(target: string): Promise<Map<string, GoRecord>> {
    const found = (await this.#process.request({ cmd: 'list', target, deadlineMs: 10_000 })) as GoRecord[];
    return new Map(found.map((record) => [record.key, record]));
  }

  async grant(ttl: number): Promise<string> {
    return (await this.#process.request({ cmd: 'grant', ttl, deadlineMs: 10_000 })) as string;
  }

  async watch(target: string): Promise<GoWatch> {
    const { id, reply } = this.#process.send({ cmd: 'watch', target });
    await reply;
    return new GoWatch(this.#process.eventsOf(id));
  }

  async dial(target: string): Promise<GoChannel> {
    const { id, reply } = this.#process.send({ cmd: 'dial', target });
    await reply;
    const call = (count: number, deadlineMs: number) =>
      this.#process.request({ cmd: 'call', of: id, count, deadlineMs }) as Promise<GoAnswers>;
    return new GoChannel(this.#process.eventsOf(id), call);
  }

  close(): Promise<void> {
    return this.#process.close();
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
