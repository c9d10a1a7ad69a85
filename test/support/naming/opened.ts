import type { ChannelOptions } from '@grpc/grpc-js';
import { EtcdClient } from '#src/client/index.js';
import type { EndpointManager } from '#src/naming/index.js';
import { Caller } from './caller.js';
import { NamedServer, SilentServer } from './servers.js';
import { WatchedView } from './watched-view.js';

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
