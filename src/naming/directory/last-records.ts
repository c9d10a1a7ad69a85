import type { KeyValue } from '../../model/index.js';
import type { RecordFormat } from '../codec/record-format.js';
import type { EndpointRecord } from '../endpoint.js';
import { toRecord } from '../endpoint-set.js';

/** The last records of keys that changed and were then removed, within one change of a view; by key. */
export type LastRecords = ReadonlyMap<string, EndpointRecord>;

/** The key-values that are endpoints. */
export function lastRecordsOf(format: RecordFormat, kvs: ReadonlyMap<string, KeyValue>): LastRecords {
  const records = new Map<string, EndpointRecord>();
  for (const [key, kv] of kvs) {
    const record = toRecord(format, kv, key);
    if (typeof record === 'object') records.set(key, record);
  }
  return records;
}

/**
 * The last state of a record that was removed: the given one, or a later one of the same address. A later record with
 * another address is another server's.
 */
export function lastState(record: EndpointRecord, last: LastRecords | undefined): EndpointRecord {
  const later = last?.get(record.key);
  return later?.addr === record.addr ? later : record;
}
