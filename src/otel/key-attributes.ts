import type { Attributes } from '@opentelemetry/api';
import type { CallTrace } from '../index.js';

/**
 * How much of the keys of a call its span shows. `none`: nothing. `prefix`: of each key, and of the first key of a range,
 * what precedes its last `/`, that included. `full`: whole keys and ranges, and the texts of errors, which quote keys.
 * Of a transaction 16 are shown, and 200 characters of each.
 */
export type KeyDetail = 'none' | 'prefix' | 'full';

/** A transaction may have more. */
const maxRanges = 16;
/** A key may have more than a megabyte. */
const maxCharacters = 200;

/** The attributes of the ranges that a call reads or writes. */
export function keyAttributes({ ranges }: Pick<CallTrace, 'ranges'>, detail: KeyDetail): Attributes {
  if (detail === 'none' || ranges.length === 0) return {};
  if (detail === 'prefix') {
    const prefixes = new Set(ranges.map(({ key }) => cut(key.slice(0, key.lastIndexOf('/') + 1))));
    prefixes.delete('');
    const shown = [...prefixes].slice(0, maxRanges);
    return shown.length > 0 ? { 'etcd_naming.key_prefixes': shown } : {};
  }
  const shown = ranges.slice(0, maxRanges);
  const keys = { 'etcd_naming.keys': shown.map(({ key }) => cut(key)) };
  if (shown.every(({ rangeEnd }) => rangeEnd === undefined)) return keys;
  return { ...keys, 'etcd_naming.range_ends': shown.map(({ rangeEnd = '' }) => cut(rangeEnd)) };
}

function cut(text: string): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters - 1)}…` : text;
}
