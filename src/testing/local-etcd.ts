import { checkInt64 } from '../model/index.js';
import { isAddressInUse } from './errors.js';
import type { EtcdMember } from './etcd-handle.js';
import type { EtcdNode, EtcdRuntime } from './etcd-node.js';
import { type GatewayClient, readMetric } from './gateway-client.js';
import { Interruptions } from './interruptions.js';
import type { EtcdSource } from './options.js';
import type { EtcdConnectOptions } from './security/connect-options.js';
import type { Security } from './security/security.js';
import { until, type WaitLimits } from './wait.js';

/** What the handle of a node needs besides the node. */
export interface NodeContext {
  readonly runtime: EtcdRuntime;
  readonly version: string;
  readonly limits: WaitLimits;
  readonly security: Security;
  /** Creates the users in the store of the plan, which has just lost all its data. */
  readonly prepareStore: (signal: AbortSignal | undefined) => Promise<void>;
  /** Removes all nodes of the plan that the node belongs to. */
  readonly dispose: () => Promise<void>;
}

/** The handle of an etcd that was started here and may be broken. */
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
  protected readonly gateway: GatewayClient;
  protected readonly interruptions: Interruptions;
  readonly #context: NodeContext;
  #lastStart: Promise<unknown> = Promise.resolve();
  /** The current restart, which further calls of `restart()` share unless a stop or kill interrupted it. */
  #currentRestart: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(node: EtcdNode, context: NodeContext) {
    this.node = node;
    this.gateway = node.gateway;
    this.endpoint = node.endpoint;
    this.endpoints = [node.endpoint];
    this.name = node.name;
    this.interruptions = new Interruptions(`etcd ${node.name}`);
    this.source = context.runtime.source;
    this.etcdctl = context.runtime.etcdctl;
    this.version = context.version;
    this.#context = context;
  }

  get clientOptions(): EtcdConnectOptions {
    return this.clientOptionsOf('root');
  }

  clientOptionsOf(user: string): EtcdConnectOptions {
    return this.#context.security.connectOptions(this.endpoints, user);
  }

  get pid(): number | undefined {
    return this.node.pid;
  }

  async pause(): Promise<void> {
    await this.interruptions.runUnlessClosed(() => this.node.pause());
  }

  async resume(): Promise<void> {
    await this.interruptions.runUnlessClosed(() => this.node.resume());
  }

  async kill(): Promise<void> {
    this.#currentRestart = undefined;
    await this.interruptions.end('kill', 'killed', () => this.node.kill());
  }

  async stop(): Promise<void> {
    this.#currentRestart = undefined;
    await this.interruptions.end('stop', 'stopped', () => this.node.stop());
  }

  async restart(): Promise<void> {
    this.#currentRestart ??= this.runExclusively(() =>
      this.interruptions.restart('restart', 'restarted', async () => {
        await this.node.stop();
        await this.startAgain();
      }),
    );
    const restart = this.#currentRestart;
    try {
      await restart;
    } finally {
      if (this.#currentRestart === restart) this.#currentRestart = undefined;
    }
  }

  async wipe(): Promise<void> {
    await this.runExclusively(() => this.interruptions.restart('wipe', 'wiped', () => this.replaceData()));
  }

  async compact(revision?: bigint): Promise<bigint> {
    return this.interruptions.run('compact', async () => {
      if (revision !== undefined) checkInt64('revision', revision, 1n);
      const target = revision ?? (await this.gateway.currentRevision());
      await this.gateway.compact(target);
      return target;
    });
  }

  async metrics(): Promise<string> {
    return this.interruptions.run('metrics', () => this.gateway.metrics());
  }

  async metric(name: string): Promise<number> {
    return readMetric(await this.interruptions.run('metric', () => this.gateway.metrics()), name);
  }

  log(): string {
    return this.node.log();
  }

  async close(): Promise<void> {
    this.interruptions.close();
    this.#closing ??= this.#context.dispose();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Returns the node. Throws after close(): an operation would create again what close() removed. */
  protected open(): EtcdNode {
    this.interruptions.throwIfClosed();
    return this.node;
  }

  /** Replaces the store by an empty one with the same users. */
  protected async replaceData(): Promise<void> {
    await this.startEmpty();
    await this.#context.prepareStore(this.interruptions.signal);
  }

  /** Kills etcd as a part of an operation, which also interrupts a restart. */
  protected async killWithin(): Promise<void> {
    this.#currentRestart = undefined;
    await this.open().kill();
  }

  /** Kills etcd and starts it without data. */
  protected async startEmpty(): Promise<void> {
    await this.open().kill();
    await this.node.erase();
    await this.startAgain();
  }

  /** Runs restarts and wipes one after the other: of two concurrent ones, each would kill the other's process. */
  protected runExclusively(work: () => Promise<void>): Promise<void> {
    const turn = this.#lastStart.then(work);
    this.#lastStart = turn.catch(() => {});
    return turn;
  }

  /** Starts on the fixed ports. While another process uses one of them, the start is retried. */
  protected async startAgain(): Promise<void> {
    const { timeoutMs } = this.#context.limits;
    await until(`restart of etcd ${this.name}`, { timeoutMs }, async () => {
      try {
        const node = this.open();
        this.interruptions.starts();
        await node.start({ timeoutMs });
        return true;
      } catch (error) {
        if (!isAddressInUse(error)) throw error;
        return false;
      }
    });
  }
}
