// A bare stub on Node's HTTP/2 with ts-proto's messages: the floor under every client on Node's HTTP/2. It has neither
// deadlines nor retries nor limits: it is a floor, not a client.
import { connect, constants } from 'node:http2';
import { KVService, LeaseService, WatchService } from '../../dist/proto.js';
import { inBatches } from '../harness/measure.mjs';
import { prefixEnd } from './prefix-end.mjs';
import { keepRenewing } from './renewals.mjs';

const noKey = Buffer.alloc(0);
const headerBytes = 5;

export function open(address) {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: 4 * 2 ** 20 } });
  session.once('connect', () => session.setLocalWindowSize(4 * 2 ** 20));
  const put = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
  const range = KVService.range.requestDeserialize(noKey);
  return {
    put: (key, value) => unary(session, KVService.put, { ...put, key: Buffer.from(key), value }),
    get: (key) => unary(session, KVService.range, { ...range, key: Buffer.from(key) }),

    async range(prefix) {
      const request = { ...range, key: Buffer.from(prefix), rangeEnd: prefixEnd(prefix) };
      const { kvs } = await unary(session, KVService.range, request);
      return kvs.length;
    },

    watch({ prefix, startRevision = 0, onEvents }) {
      const request = createRequest(Buffer.from(prefix), prefixEnd(prefix), BigInt(startRevision));
      return new Promise((resolve, reject) => {
        const stream = openStream(session, WatchService.watch, reject, ({ created, events }) => {
          if (created) resolve({ close: stream.close });
          if (events.length > 0) onEvents(events.length);
        });
        stream.send(request);
      });
    },

    openWatchers(keys) {
      let missing = keys.length;
      return new Promise((resolve, reject) => {
        const stream = openStream(session, WatchService.watch, reject, ({ created }) => {
          if (created && --missing === 0) resolve();
        });
        for (const key of keys) stream.send(createRequest(Buffer.from(key), noKey, 0n));
      });
    },

    async holdLeases(count, ttlSeconds) {
      const ids = await inBatches(Array.from({ length: count }), async () => {
        const { ID } = await unary(session, LeaseService.leaseGrant, { TTL: BigInt(ttlSeconds), ID: 0n });
        return ID;
      });
      const deadlines = new Map();
      const stream = openStream(
        session,
        LeaseService.leaseKeepAlive,
        () => {},
        ({ ID, TTL }) => deadlines.set(ID, performance.now() + Number(TTL) * 1_000),
      );
      const stop = keepRenewing(ids, ttlSeconds, (ID) => stream.send({ ID }));
      return {
        async revoke() {
          stop();
          stream.close();
          await inBatches(ids, (ID) => unary(session, LeaseService.leaseRevoke, { ID }));
        },
      };
    },

    close: () => session.close(),
  };
}

function createRequest(key, rangeEnd, startRevision) {
  const flags = { progressNotify: false, filters: [], prevKv: false, watchId: 0n, fragment: false };
  return { requestUnion: { $case: 'createRequest', value: { key, rangeEnd, startRevision, ...flags } } };
}

function request(session, { path }) {
  return session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    [constants.HTTP2_HEADER_TE]: 'trailers',
  });
}

/** Calls `onEnd` with an error unless the call succeeded. */
function watchStatus(stream, onEnd) {
  let status;
  const take = (headers) => {
    if (headers['grpc-status'] !== undefined) status = headers;
  };
  stream.on('response', take);
  stream.on('trailers', take);
  stream.once('error', onEnd);
  stream.once('end', () => {
    if (status?.['grpc-status'] === '0') onEnd();
    else onEnd(new Error(`gRPC status ${status?.['grpc-status']}: ${status?.['grpc-message']}`));
  });
}

/** A call whose answer is one message. */
function unary(session, method, message) {
  return new Promise((resolve, reject) => {
    const stream = request(session, method);
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    watchStatus(stream, (error) => {
      if (error) return reject(error);
      const answer = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      resolve(method.responseDeserialize(answer.subarray(headerBytes)));
    });
    stream.end(framed(method.requestSerialize(message)));
  });
}

function openStream(session, method, onError, onMessage) {
  const stream = request(session, method);
  const receive = readMessages((bytes) => onMessage(method.responseDeserialize(bytes)));
  let closed = false;
  stream.on('data', receive);
  watchStatus(stream, (error) => {
    if (error && !closed) onError(error);
  });
  return {
    send: (message) => stream.write(framed(method.requestSerialize(message))),
    close() {
      closed = true;
      stream.close(constants.NGHTTP2_CANCEL);
    },
  };
}

/** The message with the header that gRPC puts before it: a flag for compression, and the length. */
function framed(bytes) {
  const frame = Buffer.allocUnsafe(headerBytes + bytes.length);
  frame[0] = 0;
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, headerBytes);
  return frame;
}

/** Returns a function that takes chunks of a stream and calls `onMessage` for each whole message. */
function readMessages(onMessage) {
  let chunks = [];
  let length = 0;
  let needed = headerBytes;
  return (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length < needed) return;
    const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks, length);
    let offset = 0;
    for (;;) {
      const left = bytes.length - offset;
      needed = left < headerBytes ? headerBytes : headerBytes + bytes.readUInt32BE(offset + 1);
      if (left < needed) break;
      onMessage(bytes.subarray(offset + headerBytes, offset + needed));
      offset += needed;
    }
    chunks = offset === bytes.length ? [] : [bytes.subarray(offset)];
    length = bytes.length - offset;
  };
}
