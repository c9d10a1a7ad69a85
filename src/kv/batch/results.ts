import { Code, type EtcdError, errorFromServer } from '../../errors/index.js';
import { type KeyValue, newResult, type Revision } from '../../model/index.js';
import { StoredKeyValue } from '../../model/stored-key-value.js';
import type { ReadBatchResponse } from '../../wire/index.js';
import type { GetResult } from '../types.js';
import type { SingleRead } from './single-read.js';

/** The error for an answer that does not fit the operations, which comes from a broken server or proxy. */
export function misfit(
  operations: readonly SingleRead[],
  { header, kvs }: ReadBatchResponse,
): EtcdError | undefined {
  if (!header) return notEtcd('no header');
  if (kvs.length !== operations.length) return notEtcd('a different number of results than operations');
  for (let i = 0; i < kvs.length; i++) {
    const key = kvs[i]?.key;
    if (key && !operations[i]?.key.equals(key)) return notEtcd('a different key');
  }
  return undefined;
}

function notEtcd(what: string): EtcdError {
  return errorFromServer(Code.INTERNAL, `the response is not etcd's: it has ${what}`);
}

/** The result of a read. The key-value becomes the caller's: it must not be used for another one. */
export function readResult(read: SingleRead, kv: KeyValue | undefined, revision: Revision): GetResult {
  const { prefixLength } = read;
  if (kv && prefixLength > 0) (kv as { key: Buffer }).key = kv.key.subarray(prefixLength);
  const result = newResult<GetResult>();
  result.kv = kv;
  result.revision = revision;
  return result;
}

/** A key-value for another caller, with bytes of its own. */
export function copyKeyValue(kv: KeyValue, key: Buffer): KeyValue {
  const copy = new StoredKeyValue();
  copy.key = Buffer.from(key);
  copy.value = Buffer.from(kv.value);
  copy.createRevision = kv.createRevision;
  copy.modRevision = kv.modRevision;
  copy.version = kv.version;
  copy.lease = kv.lease;
  return copy;
}
