import type { Json } from '../../protocol/index.js';
import { visibleLines } from '../text/index.js';

/** The longest text of a value that is shown, in UTF-16 units. */
export const maxShown = 100_000;

export interface ShownText {
  readonly text: string;
  /** Whether the end is missing. */
  readonly isCut: boolean;
}

/** A JSON value on indented lines, safe to show. */
export function jsonText(value: Json): ShownText {
  try {
    return shownText(JSON.stringify(value, null, 2));
  } catch {
    return { text: 'It is nested too deeply to be shown.', isCut: true };
  }
}

/** A stored value as text, on indented lines if it is JSON. */
export function valueText(text: string): ShownText {
  try {
    return jsonText(JSON.parse(text) as Json);
  } catch {
    return shownText(text);
  }
}

function shownText(text: string): ShownText {
  return { text: visibleLines(text, maxShown), isCut: text.length > maxShown };
}
