/** Tells a person what takes so long. `line` is for a step, `update` for a figure that changes within it. */
export interface Reporter {
  line(text: string): void;
  update(text: string): void;
}

/**
 * Writes to stderr: on a terminal the figure is redrawn in place, elsewhere (a CI log) it is left out, because a
 * log of percentages helps nobody.
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
