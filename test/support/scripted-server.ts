import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream, type Settings } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

/** One call as the server sees it. What is not said is done by the script: a call that it forgets stays open. */
export interface ScriptedCall {
  /** `Put` of `/etcdserverpb.KV/Put`. */
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Below gRPC, for answers that break its rules. */
  readonly stream: ServerHttp2Stream;
  /** Below HTTP/2, for bytes that are none of it. */
  readonly socket: Socket | undefined;
  /** Calls back with each message of the client, from the first on. */
  onMessage(callback: (message: Buffer) => void): void;
  /** Sends a message. */
  send(message: Uint8Array): void;
  /** Sends bytes as they are, after the headers of a good answer. */
  raw(bytes: Uint8Array): void;
  /** Ends the call with this status. */
  end(code?: number, text?: string): void;
  /** Answers a unary call: one message and OK. */
  reply(message: Uint8Array): void;
}

export interface ScriptedServer {
  readonly endpoint: string;
  /** The methods called, in order. */
  readonly calls: readonly string[];
  /** Replaces the script for the calls to come. */
  script: (call: ScriptedCall) => void;
  /** Forgets the calls so far. */
  forget(): void;
  close(): Promise<void>;
}

/** A server that speaks gRPC by a script, for answers no real etcd gives on demand. Without TLS, on loopback. */
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
    forget: () => {
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
    let waiting = Buffer.alloc(0);
    this.stream.on('data', (bytes: Buffer) => {
      waiting = Buffer.concat([waiting, bytes]);
      while (waiting.length >= 5 && waiting.length >= 5 + waiting.readUInt32BE(1)) {
        const end = 5 + waiting.readUInt32BE(1);
        callback(waiting.subarray(5, end));
        waiting = waiting.subarray(end);
      }
    });
  }

  send(message: Uint8Array): void {
    this.raw(frame(message));
  }

  raw(bytes: Uint8Array): void {
    if (this.stream.destroyed) return;
    if (!this.stream.headersSent) this.stream.respond(goodHeaders, { waitForTrailers: true });
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
      this.stream.respond({ ...goodHeaders, ...trailers }, { endStream: true });
    }
  }

  reply(message: Uint8Array): void {
    this.send(message);
    this.end();
  }
}

const goodHeaders = { ':status': 200, 'content-type': 'application/grpc' };

/** gRPC's frame around a message. */
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
    if (!server) throw new Error('useScriptedServer(): the server is there only inside tests and hooks');
    return server;
  };
}
