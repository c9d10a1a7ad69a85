import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { AuthGateway } from './auth-gateway.js';
import { grpcCounter } from './etcd.js';

/** An etcd with authentication on and its data in a folder that can be copied and put back. */
export class AuthStore {
  readonly etcd: EtcdHandle;
  readonly gateway: AuthGateway;
  readonly #folder: string;

  private constructor(etcd: EtcdHandle, password: string, folder: string) {
    this.etcd = etcd;
    this.gateway = new AuthGateway(() => etcd, password);
    this.#folder = folder;
  }

  /** @param password Root's. */
  static async start(password: string, args: readonly string[] = []): Promise<AuthStore> {
    const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-auth-'));
    // The last flag of a name counts.
    const etcd = await startEtcd({ args: ['--data-dir', join(folder, 'data'), ...args] });
    const store = new AuthStore(etcd, password, folder);
    await store.enable();
    return store;
  }

  async enable(): Promise<void> {
    await this.gateway.addRoot();
    await this.gateway.enable();
  }

  /** A copy of the data under the running etcd, as a backup of its disk would take it. */
  async copy(): Promise<void> {
    await cp(this.#data, this.#copy, { recursive: true });
  }

  /** Kills etcd and starts it on the copy. */
  async restore(): Promise<void> {
    await this.etcd.kill();
    await rm(this.#data, { recursive: true });
    await cp(this.#copy, this.#data, { recursive: true });
    await this.etcd.restart();
  }

  /** Kills etcd and starts it on nothing, then sets authentication up as before. */
  async wipe(): Promise<void> {
    await this.etcd.kill();
    await rm(this.#data, { recursive: true });
    await this.etcd.restart();
    await this.enable();
  }

  /** Authenticate calls since etcd's start, answered or not. */
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
