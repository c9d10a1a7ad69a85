import { once } from 'node:events';
import { constants } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { RangeResponse } from '#src/gen/etcd/rpc.js';
import { frame, type ScriptedCall } from '../../support/scripted-server.js';

const kv = { key: Buffer.from('k'), value: Buffer.alloc(100, 'v'), createRevision: 4n, modRevision: 5n };
const message = RangeResponse.encode(
  RangeResponse.fromPartial({ header: { revision: 10n }, kvs: [kv], count: 1n }),
).finish();

/** An answer that breaks the rules of HTTP/2, gRPC or etcd. */
export interface HostileAnswer {
  readonly play: (call: ScriptedCall) => void;
  /** The answer proves that the server did not process the request, so even a write may be sent again. */
  readonly refuses?: boolean;
  /** The answer is a valid refusal: a write fails with the verdict `final`. */
  readonly answers?: boolean;
}

const plain = (play: (call: ScriptedCall) => void): HostileAnswer => ({ play });

/** An invalid message, followed by a successful end of the call. */
const body = (bytes: Uint8Array) =>
  plain((call) => {
    call.raw(bytes);
    call.end();
  });

const reset = (code: number): HostileAnswer =>
  plain((call) => {
    call.stream.resume();
    call.stream.close(code);
  });

const status = (text: string, words = 'odd'): HostileAnswer =>
  plain(({ stream }) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': text, 'grpc-message': words },
      { endStream: true },
    );
  });

const page = (code: number): HostileAnswer =>
  plain(({ stream }) => {
    stream.respond({ ':status': code, 'content-type': 'text/html' });
    stream.end('<html><body><h1>It works!</h1></body></html>');
  });

/** All error codes of HTTP/2, and an unknown one. */
const resets: readonly (readonly [string, number])[] = [
  ['NO_ERROR', 0],
  ['PROTOCOL_ERROR', 1],
  ['INTERNAL_ERROR', 2],
  ['FLOW_CONTROL_ERROR', 3],
  ['SETTINGS_TIMEOUT', 4],
  ['STREAM_CLOSED', 5],
  ['FRAME_SIZE_ERROR', 6],
  ['REFUSED_STREAM', 7],
  ['CANCEL', 8],
  ['COMPRESSION_ERROR', 9],
  ['CONNECT_ERROR', 10],
  ['ENHANCE_YOUR_CALM', 11],
  ['INADEQUATE_SECURITY', 12],
  ['HTTP_1_1_REQUIRED', 13],
  ['an unknown code', 4_711],
];

export const hostileAnswers: Readonly<Record<string, HostileAnswer>> = {
  'a message that is not protobuf': body(frame(Buffer.from('%%%%%'))),
  'a message of zeros': body(frame(Buffer.alloc(64))),
  'a truncated message': body(frame(message.subarray(0, message.length - 30))),
  'a message that ends within a varint': body(frame(Buffer.from([0x08, 0xff]))),
  'a message of end-group tags': body(frame(Buffer.alloc(16, 0x0c))),
  'fields of the wrong wire types': body(
    frame(Buffer.from([0x08, 0x01, 0x15, 1, 2, 3, 4, 0x1a, 0x01, 0x41])),
  ),
  'a field longer than its message': body(frame(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07]))),
  'a message that claims 4 GB': body(frame(message, 0xff_ff_ff_f0)),
  'a frame of three bytes': body(Buffer.from([0, 0, 0])),
  'a frame that ends early': body(frame(message, message.length + 50)),
  'the compression flag without an encoding': body(frame(message, message.length, 1)),
  'the compression flag with invalid gzip data': plain((call) => {
    const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' };
    call.stream.respond(headers);
    call.stream.end(frame(message, message.length, 1));
  }),
  'an unknown encoding': plain((call) => {
    const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'zpaq' };
    call.stream.respond(headers);
    call.stream.end(frame(message, message.length, 1));
  }),
  'no trailers': plain((call) => {
    call.stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    call.stream.end(frame(message));
  }),
  'only headers': plain((call) => {
    call.stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
  }),
  'nothing at all': plain(() => {}),
  'status OK without a message': plain((call) => call.end()),
  'two messages': plain((call) => {
    call.send(Buffer.from('%%'));
    call.reply(message);
  }),
  'a web page with status 200': page(200),
  'a web page with status 404': { ...page(404), answers: true },
  'a web page with status 502': page(502),
  'the status 999': status('999'),
  'a status that is not a number': status('abc'),
  'a negative status': status('-1'),
  'a status text with invalid escapes': status('13', '%zz%%%4'),
  'a status text of 8 kB': status('13', 'x'.repeat(8_000)),
  'a status without a text': status('14', ''),
  ...Object.fromEntries(
    resets.map(([name, code]) => [
      `RST_STREAM with ${name}`,
      {
        ...reset(code),
        refuses: code === constants.NGHTTP2_REFUSED_STREAM,
        answers: code === constants.NGHTTP2_INADEQUATE_SECURITY,
      },
    ]),
  ),
  'a graceful GOAWAY and then nothing': plain(({ stream }) => stream.session?.goaway(0, 2 ** 31 - 1)),
  'a GOAWAY for too many pings': plain((call) => {
    call.stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from('too_many_pings'));
    call.stream.session?.destroy();
  }),
  'a connection closed in the middle of a message': plain((call) => {
    call.raw(frame(message).subarray(0, 20));
    setImmediate(() => call.stream.session?.destroy());
  }),
};

/** Peers that do not speak HTTP/2, or break it after the first frames. */
export const hostilePeers: Readonly<Record<string, (socket: Socket) => void>> = {
  'random bytes': (socket) => socket.write(Buffer.alloc(4_096, 0xa7)),
  'HTTP/1.1': (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi'),
  'valid settings and then random bytes': (socket) => {
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    socket.once('data', () => socket.write(Buffer.alloc(4_096, 0xa7)));
  },
  'a frame larger than allowed': (socket) => {
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    socket.once('data', () =>
      socket.write(Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]), Buffer.alloc(70_000)])),
    );
  },
  'settings that allow no stream': (socket) => {
    // SETTINGS_MAX_CONCURRENT_STREAMS 0
    socket.write(Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0]));
  },
};

/**
 * A peer that starts a stream's headers and never ends them. Use it only against a separate process: Node may abort
 * when it collects such a session, immediately or minutes later (see `abortOfNode` in flood.test.ts).
 */
export function headersWithoutEnd(socket: Socket): void {
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  // HEADERS without END_HEADERS for stream 1, then endless CONTINUATION frames with literal headers.
  const literal = Buffer.concat([
    Buffer.from([0x40, 1]),
    Buffer.from('x'),
    Buffer.from([0x7e]),
    Buffer.alloc(126, 'y'),
  ]);
  const frameOf = (type: number) => {
    const payload = Buffer.concat(Array.from({ length: 100 }, () => literal));
    const head = Buffer.from([0, payload.length >> 8, payload.length & 0xff, type, 0, 0, 0, 0, 1]);
    return Buffer.concat([head, payload]);
  };
  socket.once('data', () => {
    socket.write(frameOf(1));
    const more = () => {
      while (!socket.destroyed && socket.write(frameOf(9))) {}
    };
    socket.on('drain', more);
    more();
  });
}

/** Starts a server that passes each connection to `speak`. */
export async function listenWith(speak: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    speak(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
