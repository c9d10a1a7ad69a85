import type { EtcdHandle } from '#src/testing/index.js';
import { AuthGateway } from './auth-gateway.js';
import { grpcCounter } from './etcd.js';
import { StoreCopy } from './store-copy.js';

/** An etcd with authentication enabled, whose data directory can be copied and restored. */
export class AuthStore {
  readonly gateway: AuthGateway;
  readonly #store: StoreCopy;

  private constructor(store: StoreCopy, password: string) {
    this.#store = store;
    this.gateway = new AuthGateway(() => store.etcd, password);
  }

  /** @param password The password of root. */
  static async start(password: string, args: readonly string[] = []): Promise<AuthStore> {
    const store = new AuthStore(await StoreCopy.start(args), password);
    await store.enable();
    return store;
  }

  get etcd(): EtcdHandle {
    return this.#store.etcd;
  }

  async enable(): Promise<void> {
    await this.gateway.addRoot();
    await this.gateway.enable();
  }

  copy(): Promise<void> {
    return this.#store.copy();
  }

  restore(): Promise<void> {
    return this.#store.restore();
  }

  /** Kills etcd, restarts it with empty data, and enables authentication again. */
  async wipe(): Promise<void> {
    await this.#store.wipe();
    await this.enable();
  }

  /** Authenticate calls since the start of etcd, answered or not. */
  authentications(): Promise<number> {
    return grpcCounter(this.etcd, 'grpc_server_started_total', 'Authenticate');
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
