import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { AuthGateway } from './auth-gateway.js';
import { grpcCounter } from './etcd.js';

/** An etcd with authentication enabled, whose data directory can be copied and restored. */
export class AuthStore {
  readonly etcd: EtcdHandle;
  readonly gateway: AuthGateway;
  readonly #folder: string;

  private constructor(etcd: EtcdHandle, password: string, folder: string) {
    this.etcd = etcd;
    this.gateway = new AuthGateway(() => etcd, password);
    this.#folder = folder;
  }

  /** @param password The password of root. */
  static async start(password: string, args: readonly string[] = []): Promise<AuthStore> {
    const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-auth-'));
    // The last occurrence of a flag wins.
    const etcd = await startEtcd({ args: ['--data-dir', join(folder, 'data'), ...args] });
    const store = new AuthStore(etcd, password, folder);
    await store.enable();
    return store;
  }

  async enable(): Promise<void> {
    await this.gateway.addRoot();
    await this.gateway.enable();
  }

  /** Copies the data directory of the running etcd, like a disk backup. */
  async copy(): Promise<void> {
    await cp(this.#data, this.#copy, { recursive: true });
  }

  /** Kills etcd and restarts it on the copy. */
  async restore(): Promise<void> {
    await this.etcd.kill();
    await rm(this.#data, { recursive: true });
    await cp(this.#copy, this.#data, { recursive: true });
    await this.etcd.restart();
  }

  /** Kills etcd, restarts it with empty data, and enables authentication again. */
  async wipe(): Promise<void> {
    await this.etcd.kill();
    await rm(this.#data, { recursive: true });
    await this.etcd.restart();
    await this.enable();
  }

  /** Authenticate calls since the start of etcd, answered or not. */
  authentications(): Promise<number> {
    return grpcCounter(this.etcd, 'grpc_server_started_total', 'Authenticate');
  }

  async close(): Promise<void> {
    await this.etcd.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  get #copy(): string {
    return join(this.#folder, 'copy');
  }
}
