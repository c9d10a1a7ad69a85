import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '#src/testing/process/guard.js';
import type { Command, Report } from './messages.js';

type ReportOf<T extends Report['type']> = Extract<Report, { readonly type: T }>;

/** A process of the run. It ends with the run, however that ends. */
export class Child {
  readonly #process: ChildProcess;
  /** Resolves with the exit code; undefined after a signal. */
  readonly exited: Promise<number | undefined>;

  /** @param program The path of the module, relative to this one. */
  constructor(program: string, config: object, execArgv: readonly string[] = []) {
    const path = fileURLToPath(new URL(program, import.meta.url));
    this.#process = fork(path, [JSON.stringify(config)], { execArgv: [...execArgv] });
    const guarding = guard('kill -9 "$1" 2>/dev/null', [String(this.#process.pid)]);
    this.exited = once(this.#process, 'exit').then(([code]) => {
      guarding.release();
      return code ?? undefined;
    });
  }

  onReport(listener: (report: Report) => void): void {
    this.#process.on('message', listener);
  }

  /** Sends a command and resolves with its report. */
  async request<T extends Report['type']>(command: Command, type: T, ms: number): Promise<ReportOf<T>> {
    const answer = this.next(type, ms);
    if (this.#process.connected) this.#process.send(command);
    return answer;
  }

  send(command: Command): void {
    this.#process.send(command);
  }

  /** Resolves with the next report of this type; rejects after `ms`, or when the process has exited. */
  async next<T extends Report['type']>(type: T, ms: number): Promise<ReportOf<T>> {
    let finish = () => {};
    const answer = new Promise<ReportOf<T>>((resolve, reject) => {
      const onReport = (report: Report) => {
        if (report.type === type) resolve(report as ReportOf<T>);
      };
      const onExit = () => reject(new Error(`the process exited before '${type}'`));
      const timer = setTimeout(() => reject(new Error(`no '${type}' in ${ms} ms`)), ms);
      this.#process.on('message', onReport).once('exit', onExit);
      finish = () => {
        clearTimeout(timer);
        this.#process.off('message', onReport).off('exit', onExit);
      };
    });
    return answer.finally(() => finish());
  }

  stop(): void {
    this.#process.kill('SIGSTOP');
  }

  continue(): void {
    this.#process.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exited;
  }
}
