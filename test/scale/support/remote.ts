import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

// biome-ignore lint/suspicious/noConfusingVoidType: a command may return nothing
type Result = unknown | void;

/** The commands of a worker process, by name: what its program passes to `serve`. */
export type Commands = Readonly<Record<string, (...args: never[]) => Result>>;

/** A message to a worker, and its reply. */
export interface Request {
  readonly id: number;
  readonly command: string;
  readonly args: readonly unknown[];
}
export type Reply =
  | { readonly id: number; readonly type: 'ok'; readonly value: unknown }
  | { readonly id: number; readonly type: 'failed'; readonly text: string };

const timeoutMs = 240_000;

/** A worker process and its commands. It can collect garbage on request. */
export class Remote<C extends Commands> implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #pending = new Map<number, (reply: Reply) => void>();
  #ids = 0;

  /** @param program a compiled file of `test/scale/workers`, without its extension. */
  constructor(program: string) {
    const path = fileURLToPath(new URL(`../workers/${program}.js`, import.meta.url));
    this.#process = fork(path, [], {
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#exited = once(this.#process, 'exit');
    this.#process.on('message', (reply: Reply) => this.#settle(reply));
    this.#process.once('exit', (code, signal) => this.#failAll(`the process ended: ${signal ?? code}`));
  }

  /** Rejects with the failure of the command, when the process ends, and after four minutes. */
  async call<K extends keyof C & string>(
    command: K,
    ...args: Parameters<C[K]>
  ): Promise<Awaited<ReturnType<C[K]>>> {
    const reply = await this.#send(command, args);
    if (reply.type === 'failed') throw new Error(`'${command}' failed: ${reply.text}`);
    return reply.value as Awaited<ReturnType<C[K]>>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  async #send(command: string, args: readonly unknown[]): Promise<Reply> {
    const id = this.#ids++;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Reply>((resolve) => {
        const fail = (text: string) => resolve({ id, type: 'failed', text });
        timer = setTimeout(fail, timeoutMs, `no reply within ${timeoutMs} ms`);
        this.#pending.set(id, resolve);
        this.#process.send({ id, command, args } satisfies Request, (error) => {
          if (error) fail(error.message);
        });
      });
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
    }
  }

  #settle(reply: Reply): void {
    this.#pending.get(reply.id)?.(reply);
  }

  #failAll(text: string): void {
    for (const [id, settle] of this.#pending) settle({ id, type: 'failed', text });
  }
}
