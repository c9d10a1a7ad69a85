import type { ResponseHeader } from '../../gen/etcd/rpc.js';
import type { KeyValue } from '../../model/index.js';
import { StoredKeyValue } from '../../model/stored-key-value.js';
import type { AnswerReader } from './answer-reader.js';

// A tag is the number of a field and its wire type: 8 * number + 0 for a number, + 2 for bytes or a message.

/** Reads an embedded key-value. */
export function readKeyValue(reader: AnswerReader): KeyValue {
  const end = reader.keptMessageEnd();
  const kv = new StoredKeyValue();
  while (reader.offset < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        kv.key = reader.bytes();
        break;
      case 16:
        kv.createRevision = reader.int64();
        break;
      case 24:
        kv.modRevision = reader.int64();
        break;
      case 32:
        kv.version = reader.int64();
        break;
      case 42:
        kv.value = reader.bytes();
        break;
      case 48:
        kv.lease = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return kv;
}

/** Reads an embedded header. */
export function readHeader(reader: AnswerReader): ResponseHeader {
  const end = reader.messageEnd();
  const header: ResponseHeader = { clusterId: 0n, memberId: 0n, revision: 0n, raftTerm: 0n };
  while (reader.offset < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        header.clusterId = reader.uint64();
        break;
      case 16:
        header.memberId = reader.uint64();
        break;
      case 24:
        header.revision = reader.int64();
        break;
      case 32:
        header.raftTerm = reader.uint64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return header;
}
