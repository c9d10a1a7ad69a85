import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '#src/testing/process/guard.js';
import type { Report } from './messages.js';

type Program = 'server' | 'workers' | 'caller';

/** A child process, killed when the run ends. */
export class Child {
  readonly #process: ChildProcess;
  readonly exited: Promise<void>;

  constructor(program: Program, config: object, onReport: (report: Report) => void) {
    const path = fileURLToPath(new URL(`${program}.js`, import.meta.url));
    this.#process = fork(path, [JSON.stringify(config)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const guarding = guard('kill -9 "$1" 2>/dev/null', [String(this.#process.pid)]);
    this.exited = once(this.#process, 'exit').then(() => guarding.release());
    this.#process.on('message', onReport);
  }

  /** Resolves with the next report of this type. */
  async next<T extends Report['type']>(type: T, ms: number): Promise<Report & { readonly type: T }> {
    const wanted = new Promise<Report & { readonly type: T }>((resolve) => {
      const onReport = (report: Report) => {
        if (report.type !== type) return;
        this.#process.off('message', onReport);
        resolve(report as Report & { readonly type: T });
      };
      this.#process.on('message', onReport);
    });
    const ended = this.exited.then(() => {
      throw new Error(`the process exited before '${type}'`);
    });
    return withTimeout(ms, `'${type}'`, Promise.race([wanted, ended]));
  }

  send(message: string): void {
    this.#process.send(message);
  }

  /** Sends SIGTERM, which drains the process; resolves when it has exited. */
  async terminate(ms: number): Promise<void> {
    this.#process.kill('SIGTERM');
    await withTimeout(ms, 'the drained server to exit', this.exited);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exited;
  }
}

async function withTimeout<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out after ${ms} ms waiting for ${what}`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
