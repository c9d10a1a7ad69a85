/** Reports slow steps to a person. `line` reports a step, `update` a figure that changes within the step. */
export interface Reporter {
  line(text: string): void;
  update(text: string): void;
}

/**
 * Writes to stderr. On a terminal the figure is redrawn in place; elsewhere, as in a CI log, it is omitted, because a log
 * of percentages is useless.
 */
export class StderrReporter implements Reporter {
  readonly #isTerminal = process.stderr.isTTY === true;
  #isDrawing = false;

  line(text: string): void {
    if (this.#isDrawing) process.stderr.write('\r\u001b[K');
    this.#isDrawing = false;
    process.stderr.write(`etcd for tests: ${text}\n`);
  }

  update(text: string): void {
    if (!this.#isTerminal) return;
    this.#isDrawing = true;
    process.stderr.write(`\r\u001b[Ketcd for tests: ${text}`);
  }
}
