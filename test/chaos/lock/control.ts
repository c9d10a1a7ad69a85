import { createInterface } from 'node:readline';
import type { Command, Report } from './messages.js';

/** The run at the other end of stdin and stdout. */
export class Control {
  readonly #draining = new AbortController();
  readonly #settling = new AbortController();

  constructor() {
    const lines = createInterface(process.stdin);
    lines.on('line', (line) => {
      this.#settling.abort();
      if ((line as Command) === 'drain') this.#draining.abort();
    });
    lines.once('close', () => process.exit()); // the run has ended
  }

  get draining(): boolean {
    return this.#draining.signal.aborted;
  }

  get settling(): boolean {
    return this.#settling.signal.aborted && !this.draining;
  }

  /** Resolves at the command to drain. */
  get drained(): AbortSignal {
    return this.#draining.signal;
  }

  /** Writes to a pipe are synchronous: a report is out before the process can be killed. */
  report(report: Report): void {
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }
}
