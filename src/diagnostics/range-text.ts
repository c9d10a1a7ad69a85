import { keyText, type WireRange } from '../model/index.js';
import type { TracedRange } from './call.js';

/** The range as events show it. Builds texts: call it only for an event that something receives. */
export function rangeText({ key, rangeEnd }: WireRange): TracedRange {
  return { key: keyText(key), rangeEnd: rangeEnd.length > 0 ? keyText(rangeEnd) : undefined };
}
