import type { Output } from './io.js';
import { escapeLine, type Line, renderLine } from './line.js';

const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
/** Synchronized output: a terminal that supports it shows the frame only when it is complete; others ignore it. */
const [beginFrame, endFrame] = ['\x1b[?2026h', '\x1b[?2026l'];
const [eraseLine, eraseBelow, eraseAll] = ['\x1b[K', '\x1b[J', '\x1b[2J\x1b[H'];

/**
 * Draws lines in place, over the previous ones. Each frame is one write that overwrites instead of clearing, so it does
 * not flicker. It does not use the alternate screen: the last frame stays in the scrollback.
 */
export class Screen {
  readonly #output: Output;
  readonly #useColor: boolean;
  /** How many lines the last frame has. */
  #drawn = 0;
  #isClosed = false;

  constructor(output: Output, useColor = false) {
    this.#output = output;
    this.#useColor = useColor;
  }

  draw(lines: readonly Line[]): void {
    if (this.#isClosed) return;
    // A terminal that does not know its size reports 0 by 0.
    const [columns, rows] = [this.#output.columns || 80, this.#output.rows || 24];
    const shown = limitLines(lines, Math.max(1, rows - 1)).map((line) =>
      renderLine(escapeLine(line, columns - 1), this.#useColor),
    );
    const start = this.#drawn === 0 ? hideCursor : `\x1b[${this.#drawn}A\r`;
    const frame = shown.map((line) => `${line}${eraseLine}\n`).join('');
    this.#output.write(`${beginFrame}${start}${frame}${eraseBelow}${endFrame}`);
    this.#drawn = shown.length;
  }

  /** Clears the screen first: after a resize the old lines may be wrapped, and their number is unknown. */
  redraw(lines: readonly Line[]): void {
    if (this.#drawn > 0) this.#output.write(eraseAll);
    this.#drawn = 0;
    this.draw(lines);
  }

  /** Erases what is drawn, and shows the cursor again. */
  clear(): void {
    if (this.#drawn > 0) this.#output.write(`\x1b[${this.#drawn}A\r${eraseBelow}${showCursor}`);
    this.#drawn = 0;
  }

  /** Shows the cursor again and draws no more. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#drawn > 0) this.#output.write(showCursor);
  }
}

function limitLines(lines: readonly Line[], max: number): readonly Line[] {
  if (lines.length <= max || max < 2) return lines.slice(0, max);
  return [...lines.slice(0, max - 1), `… and ${lines.length - max + 1} more`];
}
