import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import {
  type ChannelOptions,
  Client,
  connectivityState,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { EtcdClient } from '#src/client/index.js';
import type { EndpointEvent, EndpointManager, EndpointRecord } from '#src/naming/index.js';
import type { EtcdHandle } from '#src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { unproxied } from '../../support/proxy.js';

export { deadEndpoint } from '../../support/dead-endpoint.js';
export { eventually };

/** Everything that a test opened. Closes it after the test, last first. */
export class Opened {
  readonly #closers: (() => unknown)[] = [];

  /** Closes `thing` with the test. */
  add<T>(thing: T, close: (thing: T) => unknown): T {
    this.#closers.push(() => close(thing));
    return thing;
  }

  client(endpoints: readonly string[], options: { readonly timeoutMs?: number } = {}): EtcdClient {
    return this.add(new EtcdClient({ endpoints, ...options }), (client) => client.close());
  }

  async server(name: string): Promise<NamedServer> {
    return this.add(await NamedServer.start(name), (server) => server.stop());
  }

  async servers(...names: string[]): Promise<NamedServer[]> {
    return Promise.all(names.map((name) => this.server(name)));
  }

  async silentServer(): Promise<SilentServer> {
    return this.add(await SilentServer.start(), (server) => server.stop());
  }

  caller(target: string, options: ChannelOptions = {}): Caller {
    return this.add(new Caller(target, options), (caller) => caller.close());
  }

  view(manager: EndpointManager): WatchedView {
    return this.add(new WatchedView(manager), (view) => view.close());
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

/**
 * Checks that the process has no more sockets, open or listening, after the file's last test than before the first. Call
 * it once in a file, after useEtcd().
 */
export function expectNoSocketLeft(): void {
  let counted = 0;
  before('sockets are counted', () => {
    counted = openSockets();
  });
  after('no socket is left', async () => {
    await eventually(`sockets back to ${counted}, from ${openSockets()}`, () => openSockets() <= counted);
  });
}

export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^TCP(Socket|Server)Wrap$/.test(name)).length;
}

/** The test service. It answers with the name of the server. */
const path = '/naming.test.Who/Ask';
const toText = (bytes: Buffer) => bytes.toString();
const toBytes = (text: string) => Buffer.from(text);
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
      ask: (call: { getHost(): string }, reply: (error: null, answer: string) => void) => {
        if (self) self.calls++;
        self?.authorities.add(call.getHost());
        reply(null, name);
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

/** A grpc-js channel, dialled as a user dials it. */
export class Caller {
  readonly #client: Client;

  constructor(target: string, options: ChannelOptions = {}, how = credentials.createInsecure()) {
    // A proxy in the environment would bypass the resolver.
    const all = { ...unproxied, ...options };
    this.#client = new Client(target, how, all);
  }

  get state(): connectivityState {
    return this.#client.getChannel().getConnectivityState(false);
  }

  /** Makes a call. Returns the name of the server that answered. */
  call(deadlineMs = 10_000, waitForReady = false): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + deadlineMs };
      const metadata = new Metadata({ waitForReady });
      this.#client.makeUnaryRequest(path, toBytes, toText, 'who?', metadata, options, (error, name) =>
        error ? reject(error) : resolve(name as string),
      );
    });
  }

  /** Makes `count` calls. Returns the number of answers by server. */
  async calls(count: number): Promise<Record<string, number>> {
    const answers: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      const name = await this.call();
      answers[name] = (answers[name] ?? 0) + 1;
    }
    return answers;
  }

  /** Waits until calls are answered by exactly these servers. */
  async callsReach(...names: string[]): Promise<void> {
    const wanted = [...names].sort().join();
    let found = '';
    await eventually('the right servers answer', async () => {
      found = Object.keys(await this.calls(names.length * 3))
        .sort()
        .join();
      return found === wanted;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: wanted ${wanted}, found ${found}`);
    });
  }

  async isIdle(timeoutMs = 10_000): Promise<void> {
    await eventually('the channel idles', () => this.state === connectivityState.IDLE, timeoutMs);
  }

  close(): void {
    this.#client.close();
  }
}

/** Makes calls without a pause, and records their results. */
export class Traffic {
  readonly answers = new Map<string, number>();
  readonly failures: unknown[] = [];
  readonly #caller: Caller;
  readonly #workers: Promise<void>[];
  #stopped = false;

  constructor(caller: Caller, workers = 4) {
    this.#caller = caller;
    this.#workers = Array.from({ length: workers }, () => this.#work());
  }

  /** Waits until this many more calls were answered, by exactly the named servers if there are any. */
  async flows(count: number, ...only: string[]): Promise<void> {
    const wanted = [...only].sort().join();
    await eventually(`${count} calls by ${wanted || 'any'}`, async () => {
      const before = new Map(this.answers);
      const total = () => [...this.answers.values()].reduce((sum, n) => sum + n, 0);
      const start = total();
      await eventually('calls flow', () => total() >= start + count);
      const now = [...this.answers].filter(([name, n]) => n > (before.get(name) ?? 0)).map(([name]) => name);
      return only.length === 0 || now.sort().join() === wanted;
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      try {
        const name = await this.#caller.call();
        this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
      } catch (error) {
        this.failures.push(error);
      }
    }
  }
}

/** The events of EndpointManager.watch(), and the endpoints that they add up to. */
export class WatchedView {
  readonly events: EndpointEvent[] = [];
  readonly endpoints = new Map<string, EndpointRecord>();
  /** How the watch ended. */
  readonly ended: Promise<unknown>;
  readonly #leaving = new AbortController();

  constructor(manager: EndpointManager) {
    this.ended = this.#follow(manager);
  }

  get addrs(): string[] {
    return [...this.endpoints.values()].map(({ addr }) => addr).sort();
  }

  async shows(...addrs: string[]): Promise<void> {
    const wanted = [...addrs].sort().join();
    await eventually(
      `the view shows [${wanted}]`,
      () => this.events.length > 0 && this.addrs.join() === wanted,
    );
  }

  async close(): Promise<void> {
    this.#leaving.abort(new Error('the view is closed'));
    await this.ended;
  }

  async #follow(manager: EndpointManager): Promise<unknown> {
    try {
      for await (const event of manager.watch({ signal: this.#leaving.signal })) this.#apply(event);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #apply(event: EndpointEvent): void {
    this.events.push(event);
    if (event.type === 'snapshot') {
      this.endpoints.clear();
      for (const [key, record] of event.endpoints) this.endpoints.set(key, record);
      return;
    }
    for (const record of [...event.added, ...event.changed]) this.endpoints.set(record.key, record);
    for (const key of event.removed) this.endpoints.delete(key);
  }
}

/** etcd's command line tool, as an operator uses it. */
export class Etcdctl {
  readonly #program: string;
  readonly #endpoints: string;

  constructor(program: string, etcd: EtcdHandle) {
    this.#program = program;
    this.#endpoints = `--endpoints=${etcd.endpoints.join(',')}`;
  }

  /** Returns etcdctl, or skips the test with a message when there is none. */
  static orSkip(context: Mocha.Context, etcd: EtcdHandle): Etcdctl {
    if (etcd.etcdctl) return new Etcdctl(etcd.etcdctl, etcd);
    console.error(`skipped, since there is no etcdctl: ${context.test?.fullTitle()}`);
    context.skip();
  }

  async run(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#program, [this.#endpoints, ...args], {
      env: this.#env,
    });
    return stdout;
  }

  /** The value as `get --print-value-only` prints it, without the final newline. */
  async value(key: string): Promise<string> {
    return (await this.run('get', '--print-value-only', key)).replace(/\n$/, '');
  }

  /** Grants a lease. Returns its id in etcdctl's form. */
  async grant(ttlSeconds: number): Promise<string> {
    const text = await this.run('lease', 'grant', String(ttlSeconds));
    const id = /lease ([0-9a-f]+) granted/.exec(text)?.[1];
    if (!id) throw new Error(`etcdctl lease grant said: ${text}`);
    return id;
  }

  /** `lease keep-alive` as a process, once it has renewed the lease. */
  async keepAlive(lease: string): Promise<KeepAliveProcess> {
    const child = spawn(this.#program, [this.#endpoints, 'lease', 'keep-alive', lease], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const process = new KeepAliveProcess(child);
    await eventually('etcdctl keeps the lease alive', () => process.renewals > 0);
    return process;
  }

  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, ETCDCTL_API: '3' };
  }
}

export class KeepAliveProcess {
  renewals = 0;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (text: Buffer) => {
      this.renewals += text.toString().split('keepalived').length - 1;
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** Whether this machine has the address: all of 127/8 on Linux, only 127.0.0.1 on macOS. */
export async function isOurs(address: string): Promise<boolean> {
  const server = createServer().listen(0, address);
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return isListening;
}
