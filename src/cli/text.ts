import { escapeControls } from '../index.js';
import { cut, displayWidth } from './display-width.js';

/** No column is wider: a longer cell moves what follows it in its own row alone. */
const widestColumn = 64;
/** Of a text that anybody may have written, so much is shown; `--json` has all of it. */
const widestText = 200;

/** What others wrote, fit for one line of a terminal: escaped, and cut where it is long. */
export function shorten(text: string): string {
  return cut(escapeControls(text), widestText);
}

/** Rows in columns as wide as their widest cell, two spaces apart, made fit for a terminal. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(shorten));
  const widths: number[] = [];
  for (const row of cells)
    for (const [i, cell] of row.entries())
      widths[i] = Math.min(widestColumn, Math.max(widths[i] ?? 0, displayWidth(cell)));
  return cells.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - displayWidth(cell))))
      .join('  ')
      .trimEnd(),
  );
}

/** `1 endpoint`, `2 endpoints`. */
export function count(number: number | bigint, noun: string): string {
  return `${number} ${noun}${BigInt(number) === 1n ? '' : 's'}`;
}

/** A span as people say it: `0 s`, `59 s`, `3 min`, `2 h`, `5 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
