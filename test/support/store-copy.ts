import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';

/** An etcd whose data directory can be copied, restored and removed. */
export class StoreCopy {
  readonly etcd: EtcdHandle;
  readonly #folder: string;

  private constructor(etcd: EtcdHandle, folder: string) {
    this.etcd = etcd;
    this.#folder = folder;
  }

  static async start(args: readonly string[] = []): Promise<StoreCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-copy-'));
    // The last occurrence of a flag wins.
    const etcd = await startEtcd({ args: ['--data-dir', join(folder, 'data'), ...args] });
    return new StoreCopy(etcd, folder);
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

  /** Kills etcd, and restarts it with empty data. */
  async wipe(): Promise<void> {
    await this.etcd.kill();
    await rm(this.#data, { recursive: true });
    await this.etcd.restart();
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
