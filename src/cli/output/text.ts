import { escapeControls } from '../../internal.js';
import { displayWidth, truncate } from './display-width.js';
import { type Line, type Text, textOf, withText } from './line.js';

/** A longer cell does not widen its column; it shifts only the rest of its own row. */
const maxColumnWidth = 64;
/** Stored text is shown up to this width. `--json` prints all of it. */
const maxTextWidth = 200;

/** Makes stored text safe for one line of a terminal: escapes control characters and truncates. */
export function escapeAndTruncate(text: string): string {
  return truncate(escapeControls(text), maxTextWidth);
}

/** Joins items as `a, b, c and 7 more`. Each item is escaped and truncated. */
export function joinSome(items: readonly string[], max = 5): string {
  const shown = items.slice(0, max).map(escapeAndTruncate).join(', ');
  return items.length > max ? `${shown} and ${items.length - max} more` : shown;
}

/** Aligns rows in columns as wide as their widest cell, two spaces apart. Cells are escaped and truncated. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  return alignCells(rows).map((line) => [line].flat().map(textOf).join(''));
}

/** The same for cells with a style. */
export function alignCells(rows: readonly (readonly Text[])[]): Line[] {
  const escaped = rows.map((row) => row.map((cell) => withText(cell, escapeAndTruncate(textOf(cell)))));
  const widths: number[] = [];
  for (const row of escaped)
    for (const [i, cell] of row.entries())
      widths[i] = Math.min(maxColumnWidth, Math.max(widths[i] ?? 0, displayWidth(textOf(cell))));
  return escaped.map((row) => joinCells(row, widths));
}

function joinCells(row: readonly Text[], widths: readonly number[]): Line {
  const last = row.findLastIndex((cell) => textOf(cell).trimEnd() !== '');
  return row.slice(0, last + 1).flatMap((cell, i): Text[] => {
    const text = textOf(cell);
    if (i === last) return [withText(cell, text.trimEnd())];
    return [cell, ' '.repeat(Math.max(0, (widths[i] ?? 0) - displayWidth(text)) + 2)];
  });
}

/** `1 endpoint`, `2 endpoints`. */
export function pluralize(number: number | bigint, noun: string): string {
  return `${number} ${noun}${BigInt(number) === 1n ? '' : 's'}`;
}

/** A duration in its largest useful unit: `0 s`, `59 s`, `3 min`, `2 h`, `5 d`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
