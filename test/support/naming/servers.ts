import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { Server, ServerCredentials, type ServiceDefinition, status } from '@grpc/grpc-js';

/** The test service. It answers with the name of the server. */
export const path = '/naming.test.Who/Ask';
export const toText = (bytes: Buffer) => bytes.toString();
export const toBytes = (text: string) => Buffer.from(text);
export const whoService: ServiceDefinition = {
  ask: {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: toBytes,
    requestDeserialize: toText,
    responseSerialize: toBytes,
    responseDeserialize: toText,
  },
};

export class NamedServer {
  readonly name: string;
  readonly port: number;
  /** The `:authority` of each call. */
  readonly authorities = new Set<string>();
  calls = 0;
  /** Whether it answers each call with an error. */
  fails = false;
  readonly #server: Server;

  private constructor(name: string, server: Server, port: number) {
    this.name = name;
    this.#server = server;
    this.port = port;
  }

  static async start(name: string, host = '127.0.0.1'): Promise<NamedServer> {
    const server = new Server();
    let self: NamedServer | undefined;
    server.addService(whoService, {
      ask: (call: { getHost(): string }, reply: (error: object | null, answer?: string) => void) => {
        if (self) self.calls++;
        self?.authorities.add(call.getHost());
        if (self?.fails === true) reply({ code: status.INTERNAL, details: `${name} fails` });
        else reply(null, name);
      },
    });
    const port = await promisify(server.bindAsync.bind(server))(
      `${host}:0`,
      ServerCredentials.createInsecure(),
    );
    self = new NamedServer(name, server, port as number);
    return self;
  }

  get addr(): string {
    return `127.0.0.1:${this.port}`;
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

/** Accepts connections and sends nothing on them, until `serveAs()` names a server. */
export class SilentServer {
  readonly port: number;
  /** The number of connections accepted so far. */
  accepted = 0;
  readonly #server: NetServer;
  readonly #sockets = new Set<Socket>();
  #relayTo: number | undefined;

  private constructor(server: NetServer) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#accept(socket));
  }

  static async start(): Promise<SilentServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SilentServer(server);
  }

  get addr(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Forwards new connections to the server; existing ones stay silent. */
  serveAs({ port }: NamedServer): void {
    this.#relayTo = port;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.accepted++;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    if (this.#relayTo === undefined) {
      socket.resume();
      return;
    }
    const onward = connect(this.#relayTo, '127.0.0.1');
    onward.on('error', () => socket.destroy());
    socket.once('close', () => onward.destroy());
    socket.pipe(onward).pipe(socket);
  }
}
