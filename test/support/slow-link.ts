import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A link to one address with a limited rate towards the client. */
export class SlowLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(endpoint: string, bytesPerSecond: number): Promise<SlowLink> {
    const { hostname: host, port } = new URL(`http://${endpoint}`);
    const server = createServer();
    const link = new SlowLink(server);
    server.on('connection', (client) => link.#connect(client, connect(Number(port), host), bytesPerSecond));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return link;
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connect(client: Socket, upstream: Socket, bytesPerSecond: number): void {
    client.pipe(upstream).pipe(paced(bytesPerSecond)).pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.once('close', () => other.destroy());
    }
  }
}

function paced(bytesPerSecond: number): Transform {
  return new Transform({
    async transform(chunk: Buffer, _, done) {
      await sleep((chunk.length / bytesPerSecond) * 1_000);
      done(null, chunk);
    },
  });
}
