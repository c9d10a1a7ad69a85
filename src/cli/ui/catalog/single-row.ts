import type { EndpointCodec, KeyValue } from '../../../index.js';
import type { Catalog } from '../ports.js';
import type { EndpointRow } from '../protocol/index.js';
import { classifier } from './content.js';
import { type Seen, storeRow } from './row.js';

/**
 * Returns a function that makes the row of a record that was read alone, such as a newer version than the catalog has
 * received; undefined for a key that never has a row, such as one of a lock.
 */
export function rowMaker(
  codec: EndpointCodec | undefined,
  catalog: Pick<Catalog, 'row'>,
  wallClock: () => number = Date.now,
): (kv: KeyValue) => EndpointRow | undefined {
  const classify = classifier(codec);
  return (kv) => {
    const classified = classify(kv);
    const { content } = classified;
    if (content.kind !== 'endpoint' && content.kind !== 'unreadable') return undefined;
    const { row } = storeRow(classified, content, { firstSeen: wallClock(), preexisting: false });
    return { ...row, ...seenOf(row, catalog) };
  };
}

/** When the catalog first saw the record; undefined for one that it has not seen. */
function seenOf({ key, createRevision }: EndpointRow, catalog: Pick<Catalog, 'row'>): Seen | undefined {
  const known = catalog.row(key);
  if (known?.createRevision !== createRevision) return undefined;
  return { firstSeen: known.firstSeen, preexisting: known.preexisting };
}
