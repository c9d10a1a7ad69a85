import { type ResponseHeader, WatchRequest } from '../../gen/etcd/rpc.js';
import type { KeyValue, WatchEvent } from '../../model/index.js';
import type { StreamMethod } from '../method.js';
import { paths } from '../paths.js';
import { AnswerReader } from './answer-reader.js';
import { readHeader, readKeyValue } from './key-value.js';
import { requestEncoder } from './request-encoder.js';

/** etcd's WatchResponse with the events as the reader of a watch receives them. */
export interface WatchResponse {
  header: ResponseHeader | undefined;
  watchId: bigint;
  created: boolean;
  canceled: boolean;
  compactRevision: bigint;
  cancelReason: string;
  fragment: boolean;
  events: WatchEvent[];
}

/** The method Watch, whose answers are decoded without an object of the protocol for each event. */
export const watch: StreamMethod<WatchRequest, WatchResponse> = {
  path: paths.watch,
  requestStream: true,
  requestSerialize: requestEncoder(WatchRequest),
  responseDeserialize: decode,
};

function decode(bytes: Buffer): WatchResponse {
  const reader = new AnswerReader(bytes);
  const response: WatchResponse = {
    header: undefined,
    watchId: 0n,
    created: false,
    canceled: false,
    compactRevision: 0n,
    cancelReason: '',
    fragment: false,
    events: [],
  };
  while (reader.offset < bytes.length) readField(reader, response);
  return response;
}

function readField(reader: AnswerReader, response: WatchResponse): void {
  const tag = reader.uint32();
  switch (tag) {
    case 10:
      response.header = readHeader(reader);
      return;
    case 16:
      response.watchId = reader.int64();
      return;
    case 24:
      response.created = reader.flag();
      return;
    case 32:
      response.canceled = reader.flag();
      return;
    case 40:
      response.compactRevision = reader.int64();
      return;
    case 50:
      response.cancelReason = reader.text();
      return;
    case 56:
      response.fragment = reader.flag();
      return;
    case 90:
      response.events.push(readEvent(reader));
      return;
    default:
      reader.skip(tag);
  }
}

const putType = 0;

function readEvent(reader: AnswerReader): WatchEvent {
  const end = reader.messageEnd();
  let type = putType;
  let kv: KeyValue | undefined;
  let prevKv: KeyValue | undefined;
  while (reader.offset < end) {
    const tag = reader.uint32();
    if (tag === 18) kv = readKeyValue(reader);
    else if (tag === 8) type = reader.uint32();
    else if (tag === 26) prevKv = readKeyValue(reader);
    else reader.skip(tag);
  }
  if (!kv) throw new Error('an event without a key-value');
  const kind = type === putType ? 'put' : 'delete';
  return prevKv ? { type: kind, kv, prevKv } : { type: kind, kv };
}
