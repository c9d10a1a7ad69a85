import { checkInt64 } from '../model/index.js';
import { isAddressInUse } from './errors.js';
import type { EtcdMember } from './etcd-handle.js';
import type { EtcdNode, EtcdRuntime } from './etcd-node.js';
import { Gateway, readMetric } from './gateway.js';
import type { EtcdSource } from './options.js';
import { type Limits, until } from './wait.js';

/** What a handle knows of how its node came to be. */
export interface Origin {
  readonly runtime: EtcdRuntime;
  readonly version: string;
  readonly limits: Limits;
  /** Ends the whole plan that the node belongs to. */
  readonly dispose: () => Promise<void>;
}

/** The handle of one etcd that was started here and may be broken. */
export class LocalEtcd implements EtcdMember {
  readonly endpoints: readonly string[];
  readonly endpoint: string;
  readonly name: string;
  readonly source: EtcdSource;
  readonly version: string;
  readonly etcdctl: string | undefined;
  readonly prefix = '';
  readonly canBreak = true;
  protected readonly node: EtcdNode;
  protected readonly gateway: Gateway;
  readonly #origin: Origin;
  #lastStart: Promise<unknown> = Promise.resolve();
  /** Taken by those who ask for a restart while one is under way that was not cut short. */
  #restarting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(node: EtcdNode, origin: Origin) {
    this.node = node;
    this.gateway = new Gateway(node.endpoint);
    this.endpoint = node.endpoint;
    this.endpoints = [node.endpoint];
    this.name = node.name;
    this.source = origin.runtime.source;
    this.etcdctl = origin.runtime.etcdctl;
    this.version = origin.version;
    this.#origin = origin;
  }

  get pid(): number | undefined {
    return this.node.pid;
  }

  async pause(): Promise<void> {
    await this.open().pause();
  }

  async resume(): Promise<void> {
    await this.open().resume();
  }

  async kill(): Promise<void> {
    this.#restarting = undefined;
    await this.open().kill();
  }

  async stop(): Promise<void> {
    this.#restarting = undefined;
    await this.open().stop();
  }

  async restart(): Promise<void> {
    this.#restarting ??= this.inTurn(async () => {
      await this.open().stop();
      await this.startAgain();
    });
    const restarting = this.#restarting;
    try {
      await restarting;
    } finally {
      if (this.#restarting === restarting) this.#restarting = undefined;
    }
  }

  async wipe(): Promise<void> {
    await this.inTurn(() => this.replaceData());
  }

  async compact(revision?: bigint): Promise<bigint> {
    this.open();
    if (revision !== undefined) checkInt64('revision', revision, 1n);
    const target = revision ?? (await this.gateway.currentRevision());
    await this.gateway.compact(target);
    return target;
  }

  async metrics(): Promise<string> {
    return this.gateway.metrics();
  }

  async metric(name: string): Promise<number> {
    return readMetric(await this.metrics(), name);
  }

  log(): string {
    return this.node.log();
  }

  async close(): Promise<void> {
    this.#closing ??= this.#origin.dispose();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The node, unless the handle was closed: a verb after that would bring back what close() removed. */
  protected open(): EtcdNode {
    if (this.#closing !== undefined) throw new Error(`etcd ${this.name} was closed`);
    return this.node;
  }

  /** Kills it and starts it with nothing. */
  protected async replaceData(): Promise<void> {
    await this.open().kill();
    await this.node.erase();
    await this.startAgain();
  }

  /** What starts it again waits for its turn: two at once would each end the process that the other waits for. */
  protected inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#lastStart.then(work);
    this.#lastStart = turn.catch(() => {});
    return turn;
  }

  /** The ports are fixed now: while another process holds one for a moment, all there is to do is to wait. */
  protected async startAgain(): Promise<void> {
    const { timeoutMs } = this.#origin.limits;
    await until(`restart of etcd ${this.name}`, { timeoutMs }, async () => {
      try {
        await this.open().start({ timeoutMs });
        return true;
      } catch (error) {
        if (!isAddressInUse(error)) throw error;
        return false;
      }
    });
  }
}
