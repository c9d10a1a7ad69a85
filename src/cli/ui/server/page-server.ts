import type { Server } from 'node:http';
import type { Backend } from '../ports.js';
import { apiHandlers } from './api.js';
import type { Assets } from './assets.js';
import { ConnectionLimit } from './connection-limit.js';
import { EventHub } from './event-hub.js';
import { AllowedHosts, hostInUrl } from './hosts.js';
import { createHttpServer, type TlsFiles } from './http-server.js';
import { limits } from './limits.js';
import { type Listening, listenAt } from './listen.js';
import { Router } from './router.js';
import { Sessions } from './sessions.js';

export interface PageServerOptions {
  readonly backend: Backend;
  readonly assets: Assets;
  /** The addresses, or names, to listen at, all at one port. The ones that the machine lacks are left out. */
  readonly addresses: readonly string[];
  /** 0 for any free port. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  /** The host in the URLs that are printed. */
  readonly publicHost: string;
  /** Other names by which the page is reached at this port, besides those of loopback. */
  readonly ownHosts?: readonly string[];
  /** Names that proxies use, at any port. */
  readonly allowedHosts?: readonly string[];
  /** Is called with an error that is a defect; the page gets no detail of it. Default: it is ignored. */
  readonly onUnexpected?: (error: unknown) => void;
}

/** Serves the page: its files, the event stream and the API. */
export class PageServer {
  readonly #servers: readonly Server[];
  readonly #hub: EventHub;
  readonly #sessions = new Sessions();
  readonly #origin: string;

  /** Listens. Rejects with the error of the system, for example if the port is in use. */
  static async start(options: PageServerOptions): Promise<PageServer> {
    const connections = new ConnectionLimit(limits.connections);
    const create = () => createHttpServer(options.tls, connections);
    const listening = await listenAt(options.addresses, options.port, create);
    return new PageServer(listening, options, connections);
  }

  private constructor(
    { servers, port }: Listening,
    options: PageServerOptions,
    connections: ConnectionLimit,
  ) {
    const { backend, assets, addresses, publicHost, ownHosts = [], allowedHosts = [] } = options;
    const scheme = options.tls ? 'https' : 'http';
    this.#servers = servers;
    this.#origin = `${scheme}://${hostInUrl(publicHost)}:${port}`;
    this.#hub = new EventHub(backend.catalog, backend.settings);
    const router = new Router({
      onUnexpected: options.onUnexpected ?? (() => {}),
      hosts: new AllowedHosts({ scheme, port }, [...addresses, publicHost, ...ownHosts], allowedHosts),
      sessions: this.#sessions,
      connections,
      assets,
      hub: this.#hub,
      api: apiHandlers(backend, () => this.createUrl()),
    });
    for (const server of servers)
      server.on('request', (request, response) => void router.handle(request, response));
  }

  /** A URL that opens the page once. */
  createUrl(): string {
    return `${this.#origin}/#token=${this.#sessions.createLink()}`;
  }

  /** Ends the streams, and waits a short time for requests that run. */
  async close(): Promise<void> {
    this.#hub.close();
    this.#sessions.close();
    await Promise.all(this.#servers.map(closeServer));
  }
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweeping = setInterval(() => server.closeIdleConnections(), 100);
  const timer = setTimeout(() => server.closeAllConnections(), limits.closeMs);
  await closed;
  clearInterval(sweeping);
  clearTimeout(timer);
}
