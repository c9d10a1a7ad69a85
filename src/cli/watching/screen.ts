import { escapeControls } from '../../index.js';
import { cut } from '../display-width.js';
import type { Output } from '../io.js';

const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
/** Terminals that know it show a frame only when it is whole; others pass it over. */
const [beginFrame, endFrame] = ['\x1b[?2026h', '\x1b[?2026l'];
const [eraseLine, eraseBelow, eraseAll] = ['\x1b[K', '\x1b[J', '\x1b[2J\x1b[H'];

/**
 * Lines drawn in place, over the ones before: each frame is one write that overwrites and never clears first, so nothing
 * flickers. No alternate screen: the last frame stays in the scrollback.
 */
export class Screen {
  readonly #output: Output;
  #drawn = 0;
  #ended = false;

  constructor(output: Output) {
    this.#output = output;
  }

  draw(lines: readonly string[]): void {
    if (this.#ended) return;
    // A terminal that does not know its size has 0 by 0.
    const [columns, rows] = [this.#output.columns || 80, this.#output.rows || 24];
    const shown = fitted(lines, Math.max(1, rows - 1)).map((line) => cut(escapeControls(line), columns - 1));
    const start = this.#drawn === 0 ? hideCursor : `\x1b[${this.#drawn}A\r`;
    const frame = shown.map((line) => `${line}${eraseLine}\n`).join('');
    this.#output.write(`${beginFrame}${start}${frame}${eraseBelow}${endFrame}`);
    this.#drawn = shown.length;
  }

  /** After a resize the lines may have been wrapped anew, and how many there are nobody knows. */
  redraw(lines: readonly string[]): void {
    if (this.#drawn > 0) this.#output.write(eraseAll);
    this.#drawn = 0;
    this.draw(lines);
  }

  /** Gives the cursor back. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#drawn > 0) this.#output.write(showCursor);
  }
}

function fitted(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most || most < 2) return lines.slice(0, most);
  return [...lines.slice(0, most - 1), `… and ${lines.length - most + 1} more`];
}
