import {
  DeleteRangeRequest,
  type DeleteRangeResponse,
  PutRequest,
  type PutResponse,
  RangeRequest,
  type RangeResponse,
  type RangeStreamResponse,
  type ResponseHeader,
  type ResponseOp,
  TxnRequest,
  type TxnResponse,
} from '../../gen/etcd/rpc.js';
import type { KeyValue } from '../../model/index.js';
import type { Method, StreamMethod } from '../method.js';
import { paths } from '../paths.js';
import { AnswerReader } from './answer-reader.js';
import { readHeader, readKeyValue } from './key-value.js';
import { requestEncoder } from './request-encoder.js';

// The methods of the KV service whose answers have key-values. The values that the decoders return are those of the
// generated decoders, a unit test compares them.

export const range: Method<RangeRequest, RangeResponse> = {
  path: paths.range,
  requestSerialize: requestEncoder(RangeRequest),
  responseDeserialize: decoder(readRange),
};
export const rangeStream: StreamMethod<RangeRequest, RangeStreamResponse> = {
  path: paths.rangeStream,
  requestStream: false,
  requestSerialize: requestEncoder(RangeRequest),
  responseDeserialize: decoder(readRangeStream),
};
export const put: Method<PutRequest, PutResponse> = {
  path: paths.put,
  requestSerialize: requestEncoder(PutRequest),
  responseDeserialize: decoder(readPut),
};
export const deleteRange: Method<DeleteRangeRequest, DeleteRangeResponse> = {
  path: paths.deleteRange,
  requestSerialize: requestEncoder(DeleteRangeRequest),
  responseDeserialize: decoder(readDeleteRange),
};
export const txn: Method<TxnRequest, TxnResponse> = {
  path: paths.txn,
  requestSerialize: requestEncoder(TxnRequest),
  responseDeserialize: decoder(readTxn),
};

function decoder<Res>(read: (reader: AnswerReader, end: number) => Res): (bytes: Buffer) => Res {
  return (bytes) => read(new AnswerReader(bytes), bytes.length);
}

function readRange(reader: AnswerReader, end: number): RangeResponse {
  let header: ResponseHeader | undefined;
  const kvs: KeyValue[] = [];
  let more = false;
  let count = 0n;
  while (reader.offset < end) {
    const tag = reader.uint32();
    if (tag === 18) kvs.push(readKeyValue(reader));
    else if (tag === 10) header = readHeader(reader);
    else if (tag === 24) more = reader.flag();
    else if (tag === 32) count = reader.int64();
    else reader.skip(tag);
  }
  return { header, kvs, more, count };
}

function readRangeStream(reader: AnswerReader, end: number): RangeStreamResponse {
  let rangeResponse: RangeResponse | undefined;
  while (reader.offset < end) {
    const tag = reader.uint32();
    if (tag === 10) rangeResponse = readRange(reader, reader.messageEnd());
    else reader.skip(tag);
  }
  return { rangeResponse };
}

function readPut(reader: AnswerReader, end: number): PutResponse {
  let header: ResponseHeader | undefined;
  let prevKv: KeyValue | undefined;
  while (reader.offset < end) {
    const tag = reader.uint32();
    if (tag === 10) header = readHeader(reader);
    else if (tag === 18) prevKv = readKeyValue(reader);
    else reader.skip(tag);
  }
  return { header, prevKv };
}

function readDeleteRange(reader: AnswerReader, end: number): DeleteRangeResponse {
  let header: ResponseHeader | undefined;
  let deleted = 0n;
  const prevKvs: KeyValue[] = [];
  while (reader.offset < end) {
    const tag = reader.uint32();
    if (tag === 26) prevKvs.push(readKeyValue(reader));
    else if (tag === 10) header = readHeader(reader);
    else if (tag === 16) deleted = reader.int64();
    else reader.skip(tag);
  }
  return { header, deleted, prevKvs };
}

function readTxn(reader: AnswerReader, end: number): TxnResponse {
  let header: ResponseHeader | undefined;
  let succeeded = false;
  const responses: ResponseOp[] = [];
  while (reader.offset < end) {
    const tag = reader.uint32();
    if (tag === 26) responses.push(readOperation(reader, reader.messageEnd()));
    else if (tag === 10) header = readHeader(reader);
    else if (tag === 16) succeeded = reader.flag();
    else reader.skip(tag);
  }
  return { header, succeeded, responses };
}

function readOperation(reader: AnswerReader, end: number): ResponseOp {
  let response: ResponseOp['response'];
  while (reader.offset < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        response = { $case: 'responseRange', value: readRange(reader, reader.messageEnd()) };
        break;
      case 18:
        response = { $case: 'responsePut', value: readPut(reader, reader.messageEnd()) };
        break;
      case 26:
        response = { $case: 'responseDeleteRange', value: readDeleteRange(reader, reader.messageEnd()) };
        break;
      case 34:
        response = { $case: 'responseTxn', value: readTxn(reader, reader.messageEnd()) };
        break;
      default:
        reader.skip(tag);
    }
  }
  return { response };
}
