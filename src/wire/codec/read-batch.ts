import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ResponseHeader } from '../../gen/etcd/rpc.js';
import type { KeyValue } from '../../model/index.js';
import type { Method } from '../method.js';
import { paths } from '../paths.js';
import { AnswerReader } from './answer-reader.js';
import { readHeader, readKeyValue } from './key-value.js';

/** Reads of single keys that travel as one read-only transaction. */
export interface ReadBatchRequest {
  readonly reads: readonly KeyRead[];
  readonly serializable: boolean;
}

/** The read of one key. */
export interface KeyRead {
  readonly key: Buffer;
  readonly keysOnly: boolean;
}

export interface ReadBatchResponse {
  readonly header: ResponseHeader | undefined;
  /** For each operation, what it found. The caller compares the number and the keys with its request. */
  readonly kvs: readonly (KeyValue | undefined)[];
}

/** The method Txn for a batch of reads, encoded and decoded without the objects of a general transaction. */
export const readBatch: Method<ReadBatchRequest, ReadBatchResponse> = {
  path: paths.txn,
  requestSerialize: encode,
  responseDeserialize: decode,
};

/** Writes a TxnRequest whose `success` has a RangeRequest for each read. */
function encode({ reads, serializable }: ReadBatchRequest): Buffer {
  const writer = new BinaryWriter();
  for (const { key, keysOnly } of reads) {
    writer.uint32(18).fork().uint32(10).fork();
    writer.uint32(10).bytes(key);
    if (serializable) writer.uint32(56).bool(true);
    if (keysOnly) writer.uint32(64).bool(true);
    writer.join().join();
  }
  const { buffer, byteOffset, byteLength } = writer.finish();
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** @throws {Error} for an answer that does not belong to a transaction of single reads. */
function decode(bytes: Buffer): ReadBatchResponse {
  const reader = new AnswerReader(bytes);
  let header: ResponseHeader | undefined;
  let succeeded = false;
  const kvs: (KeyValue | undefined)[] = [];
  while (reader.offset < reader.end) {
    const tag = reader.uint32();
    if (tag === 10) header = readHeader(reader);
    else if (tag === 16) succeeded = reader.flag();
    else if (tag === 26) kvs.push(readOperation(reader));
    else reader.skip(tag);
  }
  if (!succeeded) throw new Error('a transaction without compares did not succeed');
  return { header, kvs };
}

/**
 * Reads a ResponseOp: its last result counts. One without a result is refused: etcd sends one also for a key that does
 * not exist, so it is of an operation that did not run.
 */
function readOperation(reader: AnswerReader): KeyValue | undefined {
  const end = reader.messageEnd();
  let isRange = false;
  let kv: KeyValue | undefined;
  while (reader.offset < end) {
    const tag = reader.uint32();
    if (tag < 40) isRange = tag === 10;
    if (tag === 10) kv = readOnlyKeyValue(reader);
    else reader.skip(tag);
  }
  if (!isRange) throw new Error('no result, or that of another operation');
  return kv;
}

/** Reads the only key-value of a RangeResponse, if there is one. */
function readOnlyKeyValue(reader: AnswerReader): KeyValue | undefined {
  const end = reader.messageEnd();
  let kv: KeyValue | undefined;
  while (reader.offset < end) {
    const tag = reader.uint32();
    if (tag !== 18) {
      reader.skip(tag);
      continue;
    }
    if (kv) throw new Error('several key-values for one key');
    kv = readKeyValue(reader);
  }
  return kv;
}
