import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream, type Settings } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

/** One call on the server. The script decides everything: a call that it does not answer stays open. */
export interface ScriptedCall {
  /** `Put` for `/etcdserverpb.KV/Put`. */
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** The HTTP/2 stream, for answers that violate gRPC. */
  readonly stream: ServerHttp2Stream;
  /** The socket, for bytes that violate HTTP/2. */
  readonly socket: Socket | undefined;
  /** Registers a callback for each message of the client, including earlier ones. */
  onMessage(callback: (message: Buffer) => void): void;
  /** Sends a message. */
  send(message: Uint8Array): void;
  /** Sends raw bytes after valid response headers. */
  raw(bytes: Uint8Array): void;
  /** Ends the call with a status. */
  end(code?: number, text?: string): void;
  /** Answers a unary call: one message and status OK. */
  reply(message: Uint8Array): void;
}

export interface ScriptedServer {
  readonly endpoint: string;
  /** The methods called, in order. */
  readonly calls: readonly string[];
  /** Can be replaced for later calls. */
  script: (call: ScriptedCall) => void;
  /** Clears `calls`. */
  clearCalls(): void;
  close(): Promise<void>;
}

/** A gRPC server that follows a script, for answers that no real etcd gives on demand. Loopback, without TLS. */
export async function startScriptedServer(
  script: (call: ScriptedCall) => void,
  settings: Settings = {},
): Promise<ScriptedServer> {
  const calls: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ settings });
  const scripted: ScriptedServer = {
    endpoint: '',
    calls,
    script,
    clearCalls: () => {
      calls.length = 0;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => session.on('error', () => {}));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const port = stream.session?.socket.remotePort;
    const socket = [...sockets].find((one) => one.remotePort === port);
    const call = new Http2Call(stream, headers, socket);
    calls.push(call.method);
    scripted.script(call);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(scripted, { endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}

class Http2Call implements ScriptedCall {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly stream: ServerHttp2Stream;
  readonly socket: Socket | undefined;
  #trailers: Record<string, string> | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, socket: Socket | undefined) {
    const path = String(headers[':path']);
    this.method = path.slice(path.lastIndexOf('/') + 1);
    this.headers = headers;
    this.stream = stream;
    this.socket = socket;
    stream.on('wantTrailers', () => {
      if (this.#trailers && !stream.destroyed) stream.sendTrailers(this.#trailers);
    });
  }

  onMessage(callback: (message: Buffer) => void): void {
    let unread = Buffer.alloc(0);
    this.stream.on('data', (bytes: Buffer) => {
      unread = Buffer.concat([unread, bytes]);
      while (unread.length >= 5 && unread.length >= 5 + unread.readUInt32BE(1)) {
        const end = 5 + unread.readUInt32BE(1);
        callback(unread.subarray(5, end));
        unread = unread.subarray(end);
      }
    });
  }

  send(message: Uint8Array): void {
    this.raw(frame(message));
  }

  raw(bytes: Uint8Array): void {
    if (this.stream.destroyed) return;
    if (!this.stream.headersSent) this.stream.respond(validHeaders, { waitForTrailers: true });
    this.stream.write(bytes);
  }

  end(code = 0, text = ''): void {
    if (this.stream.destroyed) return;
    const trailers = {
      'grpc-status': String(code),
      ...(text === '' ? {} : { 'grpc-message': percentEncoded(text) }),
    };
    if (this.stream.headersSent) {
      this.#trailers = trailers;
      this.stream.end();
    } else {
      this.stream.respond({ ...validHeaders, ...trailers }, { endStream: true });
    }
  }

  reply(message: Uint8Array): void {
    this.send(message);
    this.end();
  }
}

const validHeaders = { ':status': 200, 'content-type': 'application/grpc' };

/** Puts a message into a gRPC frame. */
export function frame(message: Uint8Array, length = message.length, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

function percentEncoded(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}

/** One scripted server for the tests of a `describe`. Call it where hooks may be called. */
export function useScriptedServer(script: (call: ScriptedCall) => void): () => ScriptedServer {
  let server: ScriptedServer | undefined;
  before('a scripted server starts', async () => {
    server = await startScriptedServer(script);
  });
  after(() => server?.close());
  return () => {
    if (!server) throw new Error('useScriptedServer(): the server exists only inside tests and hooks');
    return server;
  };
}
