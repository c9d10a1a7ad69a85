import type { Server } from 'node:http';
import type { Backend } from '../ports.js';
import { apiHandlers } from './api.js';
import type { Assets } from './assets.js';
import { EventHub } from './event-hub.js';
import { AllowedHosts, hostInUrl } from './hosts.js';
import { createHttpServer, listen, type TlsFiles } from './http-server.js';
import { limits } from './limits.js';
import { Router } from './router.js';
import { Sessions } from './sessions.js';

export interface PageServerOptions {
  readonly backend: Backend;
  readonly assets: Assets;
  /** The address or name to listen at. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  /** The host in the URLs that are printed. Default: `host`. */
  readonly publicHost?: string | undefined;
  /** Other addresses and names of this machine, at the same port. */
  readonly ownHosts?: readonly string[];
  /** Names that proxies use, at any port. */
  readonly allowedHosts?: readonly string[];
  /** Is called with an error that is a defect; the page gets no detail of it. Default: it is ignored. */
  readonly onUnexpected?: (error: unknown) => void;
}

/** Serves the page: its files, the event stream and the API. */
export class PageServer {
  readonly #server: Server;
  readonly #hub: EventHub;
  readonly #sessions = new Sessions();
  readonly #origin: string;

  /** Listens. Rejects with the error of the system, for example if the port is in use. */
  static async start(options: PageServerOptions): Promise<PageServer> {
    const server = createHttpServer(options.tls);
    const port = await listen(server, options.host, options.port);
    return new PageServer(server, options, port);
  }

  private constructor(server: Server, options: PageServerOptions, port: number) {
    const { backend, assets, host, ownHosts = [], allowedHosts = [], publicHost = host } = options;
    const scheme = options.tls ? 'https' : 'http';
    this.#server = server;
    this.#origin = `${scheme}://${hostInUrl(publicHost)}:${port}`;
    this.#hub = new EventHub(backend.catalog, backend.settings);
    const router = new Router({
      onUnexpected: options.onUnexpected ?? (() => {}),
      hosts: new AllowedHosts({ scheme, host, port }, ownHosts, allowedHosts),
      sessions: this.#sessions,
      assets,
      hub: this.#hub,
      api: apiHandlers(backend, () => this.createUrl()),
    });
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
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const sweeping = setInterval(() => this.#server.closeIdleConnections(), 100);
    const timer = setTimeout(() => this.#server.closeAllConnections(), limits.closeMs);
    await closed;
    clearInterval(sweeping);
    clearTimeout(timer);
  }
}
