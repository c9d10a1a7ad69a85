import { settings } from '../state/index.js';
import { visible } from '../text/index.js';

/** Why a list has no rows, and what to do about it. Before the first snapshot, the number of records is unknown. */
export function emptyText(total: number, noun: string): string {
  const known = settings.value;
  if (!known) return 'Nothing has been received yet.';
  if (total > 0) return `No ${noun} matches the filter.`;
  const place = known.prefix === '' ? '' : ` below ${visible(known.prefix, 80)}`;
  const format = known.codec === undefined ? 'Go’s format' : `the format ${visible(known.codec, 40)}`;
  return `There is no ${noun}${place} in ${format}. Register one, for example with “etcd-naming add”, or start the command with another --prefix or --codec.`;
}
