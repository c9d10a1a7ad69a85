import { styleText } from 'node:util';
import { escapeControls } from '../../internal.js';
import { truncate } from './display-width.js';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** A text that has a style where the output has colours. */
export interface StyledText {
  readonly text: string;
  readonly style: Style;
}

export type Text = string | StyledText;

/**
 * A line to print. The style of a text is kept beside it, not in it: control sequences are added when the line is
 * written, after the text was escaped, so stored text can contain none.
 */
export type Line = Text | readonly Text[];

/** The text without its style. */
export function textOf(text: Text): string {
  return typeof text === 'string' ? text : text.text;
}

/** The same text with a style, or unchanged if the style is undefined. */
export function styled(text: Text, style: Style | undefined): Text {
  return style === undefined ? text : { text: textOf(text), style };
}

/** The text with another one in the place of its own. Its style stays. */
export function withText(original: Text, text: string): Text {
  return typeof original === 'string' ? text : { text, style: original.style };
}

/** Makes a line safe for a terminal: escapes its control characters and, with a width, truncates it. */
export function escapeLine(line: Line, maxColumns = Number.POSITIVE_INFINITY): Text[] {
  const parts = [line].flat().map((part: Text) => withText(part, escapeControls(textOf(part))));
  const plain = parts.map(textOf).join('');
  let rest = maxColumns === Number.POSITIVE_INFINITY ? plain : truncate(plain, maxColumns);
  return parts.map((part) => {
    const text = rest.slice(0, textOf(part).length);
    rest = rest.slice(text.length);
    return withText(part, text);
  });
}

/** The characters to write for an escaped line. */
export function renderLine(escaped: readonly Text[], useColor: boolean): string {
  return escaped.map((part) => renderText(part, useColor)).join('');
}

function renderText(part: Text, useColor: boolean): string {
  if (typeof part === 'string' || !useColor || part.text === '') return textOf(part);
  return styleText(part.style, part.text, { validateStream: false });
}
