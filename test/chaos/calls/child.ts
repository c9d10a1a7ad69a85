import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '#src/testing/process-guard.js';
import type { Report } from './messages.js';

type Program = 'server' | 'workers' | 'caller';

/** A process of the run; it dies with the run. */
export class Child {
  readonly #process: ChildProcess;
  readonly exited: Promise<void>;

  constructor(program: Program, part: object, hear: (report: Report) => void) {
    const path = fileURLToPath(new URL(`${program}.js`, import.meta.url));
    this.#process = fork(path, [JSON.stringify(part)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const guarding = guard('kill -9 "$1" 2>/dev/null', [String(this.#process.pid)]);
    this.exited = once(this.#process, 'exit').then(() => guarding.release());
    this.#process.on('message', hear);
  }

  /** Resolves with the first report of that type from now on. */
  async next<T extends Report['type']>(type: T, ms: number): Promise<Report & { readonly type: T }> {
    const wanted = new Promise<Report & { readonly type: T }>((resolve) => {
      const hear = (report: Report) => {
        if (report.type !== type) return;
        this.#process.off('message', hear);
        resolve(report as Report & { readonly type: T });
      };
      this.#process.on('message', hear);
    });
    const ended = this.exited.then(() => {
      throw new Error(`the process ended; expected was '${type}'`);
    });
    return withTimeout(ms, `'${type}'`, Promise.race([wanted, ended]));
  }

  send(message: string): void {
    this.#process.send(message);
  }

  /** Asks it to drain; resolves when it has ended. */
  async terminate(ms: number): Promise<void> {
    this.#process.kill('SIGTERM');
    await withTimeout(ms, 'the end of a drained server', this.exited);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exited;
  }
}

async function withTimeout<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
