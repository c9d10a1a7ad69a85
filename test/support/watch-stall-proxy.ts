import { once } from 'node:events';
import { type ClientHttp2Stream, connect, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** An HTTP/2 proxy that can withhold what etcd sends on watches, while everything else passes. */
export class WatchStallProxy implements AsyncDisposable {
  readonly endpoint: string;
  readonly #stop: () => Promise<void>;
  readonly #watches: Set<ClientHttp2Stream>;

  private constructor(endpoint: string, watches: Set<ClientHttp2Stream>, stop: () => Promise<void>) {
    this.endpoint = endpoint;
    this.#watches = watches;
    this.#stop = stop;
  }

  /** @param target `host:port` of an etcd without TLS. */
  static async start(target: string): Promise<WatchStallProxy> {
    const upstream = connect(`http://${target}`);
    const watches = new Set<ClientHttp2Stream>();
    const server = createServer();
    const sessions = new Set<{ destroy(): void }>();
    server.on('session', (session) => sessions.add(session));
    server.on('stream', (stream, headers) => {
      const request = upstream.request(headers);
      if (headers[':path'] === '/etcdserverpb.Watch/Watch') watches.add(request);
      join(stream, request);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new WatchStallProxy(`127.0.0.1:${port}`, watches, async () => {
      for (const session of sessions) session.destroy();
      upstream.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
  }

  /** Passes nothing more to the client on the watches that are open. */
  stall(): void {
    for (const watch of this.#watches) {
      watch.removeAllListeners('data');
      watch.pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

function join(stream: ServerHttp2Stream, request: ClientHttp2Stream): void {
  let trailers = {};
  request.on('response', (headers) => {
    if (!stream.destroyed) stream.respond(headers, { waitForTrailers: true });
  });
  request.on('trailers', (headers) => {
    trailers = headers;
  });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  request.on('data', (data: Buffer) => stream.write(data));
  request.on('end', () => stream.end());
  stream.pipe(request);
  stream.on('close', () => request.close());
  stream.on('error', () => {});
  request.on('error', () => stream.destroy());
}
