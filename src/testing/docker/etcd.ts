import { randomUUID } from 'node:crypto';
import type { GenericContainer, StartedNetwork } from 'testcontainers';
import { EtcdStartError, reasonOf } from '../errors.js';
import { ETCD_ENVIRONMENT, type EtcdNode, etcdFlags } from '../etcd-node.js';
import { GatewayClient } from '../gateway-client.js';
import type { Settings } from '../options.js';
import { type Guard, guard } from '../process/guard.js';
import type { TlsFiles } from '../security/server-tls.js';
import { orAborted, until, type WaitLimits } from '../wait.js';
import type { Container, DockerEngine } from './engine.js';
import { HealthWait } from './health-wait.js';

const CLIENT_PORT = 2379;
const LOG_TAIL_CHARACTERS = 16_384;
const STOP_TIMEOUT_SECONDS = 10;
const LABEL = 'etcd-naming.node';
const DATA_FOLDER = '/etcd-data';
const TLS_FOLDER = '/etcd-tls';

/** The identity and the addresses of a member in a container. */
export interface DockerLayout {
  readonly name: string;
  /** The port on the host, fixed so that it survives a restart, as the advertised URL requires. */
  readonly port: number;
  readonly peerUrl: string;
  readonly initialCluster: string;
  readonly network: StartedNetwork | undefined;
  readonly files: TlsFiles;
}

/** An etcd in a container. Its data is in the container's file system, so removing the container deletes the data. */
export class DockerEtcd implements EtcdNode {
  readonly name: string;
  readonly endpoint: string;
  readonly peerUrl: string;
  readonly gateway: GatewayClient;
  readonly pid = undefined;
  readonly #engine: DockerEngine;
  readonly #settings: Settings;
  readonly #layout: DockerLayout;
  readonly #id = randomUUID();
  #container: Container | undefined;
  #guard: Guard | undefined;
  #joinExisting = false;
  /** The number of kills in progress, during which the engine would still pause the container. */
  #kills = 0;
  #log = '';

  constructor(engine: DockerEngine, settings: Settings, layout: DockerLayout) {
    this.#engine = engine;
    this.#settings = settings;
    this.#layout = layout;
    this.name = layout.name;
    this.endpoint = `${engine.host}:${layout.port}`;
    this.peerUrl = layout.peerUrl;
    this.gateway = new GatewayClient(this.endpoint, settings.security.gatewayAccess);
  }

  async start(limits: WaitLimits): Promise<void> {
    try {
      if (this.#container) await this.#startAgain(this.#container, limits);
      else await this.#create(limits);
    } catch (error) {
      limits.signal?.throwIfAborted();
      const text = `etcd ${this.name} did not start in Docker: ${reasonOf(error)}\n${this.log()}`;
      throw new EtcdStartError(text, { cause: error });
    }
  }

  async pause(): Promise<void> {
    await (await this.#runningOrThrow()).pause();
  }

  async resume(): Promise<void> {
    await (await this.#runningOrThrow()).unpause();
  }

  async kill(): Promise<void> {
    this.#kills++;
    try {
      const container = await this.#running();
      if (!container) return;
      const gone = container.wait();
      await container.kill();
      await gone;
    } finally {
      this.#kills--;
    }
  }

  async stop(): Promise<void> {
    const container = await this.#running();
    if (!container) return;
    const { State } = await container.inspect();
    if (State.Paused) await container.unpause();
    await container.stop({ t: STOP_TIMEOUT_SECONDS });
  }

  async erase(options = { joinExisting: false }): Promise<void> {
    this.#joinExisting = options.joinExisting;
    this.#guard?.release();
    this.#container = undefined;
    // By label, because a failed start may leave a container without a handle.
    const left = await this.#engine.withLabel(`${LABEL}=${this.#id}`);
    await Promise.all(left.map((container) => container.remove({ force: true, v: true })));
  }

  log(): string {
    return this.#log;
  }

  async remove(): Promise<void> {
    await this.erase();
  }

  async #create(limits: WaitLimits): Promise<void> {
    // The container is not a child process: after a crash of this process, only the docker command can remove it.
    const orphans = `docker ps -aq --filter "label=${LABEL}=$1" | xargs docker rm -f -v`;
    this.#guard = guard(`{ ${orphans}; } >/dev/null 2>&1`, [this.#id]);
    const starting = this.#describe(limits).start();
    try {
      const started = await orAborted(limits.signal, starting);
      this.#container = this.#engine.container(started.getId());
    } catch (error) {
      const cleaned = this.#cleanAfter(starting);
      if (!limits.signal?.aborted) await cleaned;
      throw error;
    }
  }

  /** An abandoned start may still create its container, so the cleanup waits until it has settled. */
  async #cleanAfter(starting: Promise<unknown>): Promise<void> {
    await Promise.allSettled([starting]);
    // The log is followed once the ports are bound, so the output of a container that ended before is read here.
    if (this.#log === '') await Promise.allSettled([this.#readOutput()]);
    await Promise.allSettled([this.erase({ joinExisting: this.#joinExisting })]);
  }

  async #readOutput(): Promise<void> {
    for (const container of await this.#engine.withLabel(`${LABEL}=${this.#id}`)) {
      this.#log += await this.#engine.output(container);
    }
    this.#log = this.#log.slice(-LOG_TAIL_CHARACTERS);
  }

  #describe(limits: WaitLimits): GenericContainer {
    const { network, port, name, files } = this.#layout;
    const contents = Object.entries(files).map(([file, content]) => ({
      content,
      target: `${TLS_FOLDER}/${file}`,
      mode: 0o444,
    }));
    const container = this.#engine
      .newContainer(this.#settings.image)
      .withCommand(['etcd', ...this.#flags(), ...this.#settings.args])
      .withEnvironment({ ...ETCD_ENVIRONMENT })
      .withLabels({ [LABEL]: this.#id })
      .withCopyContentToContainer(contents)
      .withExposedPorts({ container: CLIENT_PORT, host: port })
      .withWaitStrategy(new HealthWait(this.gateway))
      .withStartupTimeout(limits.timeoutMs)
      .withLogConsumer((stream) => this.#collect(stream));
    return network ? container.withNetwork(network).withNetworkAliases(name) : container;
  }

  #flags(): string[] {
    const { name, peerUrl, initialCluster } = this.#layout;
    const { security } = this.#settings;
    const addresses = {
      ...{ name, peerUrl, initialCluster },
      listenClientUrl: `${security.scheme}://0.0.0.0:${CLIENT_PORT}`,
      advertiseClientUrl: `${security.scheme}://${this.endpoint}`,
      listenPeerUrl: `${security.scheme}://0.0.0.0:2380`,
    };
    return etcdFlags(addresses, { data: DATA_FOLDER, tls: TLS_FOLDER }, this.#joinExisting, security);
  }

  async #startAgain(container: Container, limits: WaitLimits): Promise<void> {
    if (!(await this.#running())) {
      const since = Date.now() / 1000;
      await container.start();
      this.#collect(await this.#engine.follow(container, since));
    }
    await until('/health', limits, async () => {
      if (!(await this.#running())) throw new Error('the container ended');
      return this.gateway.isHealthy();
    });
  }

  #collect(stream: NodeJS.ReadableStream): void {
    stream.on('error', () => {});
    stream.on('data', (text: Buffer | string) => {
      this.#log = `${this.#log}${text}`.slice(-LOG_TAIL_CHARACTERS);
    });
  }

  async #runningOrThrow(): Promise<Container> {
    const container = this.#kills > 0 ? undefined : await this.#running();
    if (!container) throw new Error(`etcd ${this.name} is not running`);
    return container;
  }

  async #running(): Promise<Container | undefined> {
    const { State } = (await this.#container?.inspect()) ?? { State: { Running: false } };
    return State.Running ? this.#container : undefined;
  }
}
