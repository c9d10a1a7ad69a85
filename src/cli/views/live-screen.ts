import type { Output } from '../output/io.js';
import type { Line } from '../output/line.js';
import { Screen } from '../output/screen.js';

const tickMs = 1_000;

/** Lines that are drawn in place: on request, each second because they contain ages, and after a resize. */
export class LiveScreen {
  readonly #output: Output;
  readonly #screen: Screen;
  readonly #lines: () => readonly Line[];
  readonly #timer: NodeJS.Timeout;
  readonly #onResize = () => this.#screen.redraw(this.#lines());

  /** @param lines returns the lines as they are now. */
  constructor(output: Output, useColor: boolean | undefined, lines: () => readonly Line[]) {
    this.#output = output;
    this.#screen = new Screen(output, useColor);
    this.#lines = lines;
    output.on?.('resize', this.#onResize);
    this.#timer = setInterval(() => this.draw(), tickMs);
  }

  draw(): void {
    this.#screen.draw(this.#lines());
  }

  /** Leaves the last lines on the terminal. */
  close(): void {
    clearInterval(this.#timer);
    this.#output.off?.('resize', this.#onResize);
    this.#screen.close();
  }
}
