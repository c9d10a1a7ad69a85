import type { StartedNetwork } from 'testcontainers';
import { EtcdStartError } from '../errors.js';
import {
  type EtcdNode,
  type EtcdPlan,
  type EtcdRuntime,
  initialClusterOf,
  type PlanOptions,
} from '../etcd-node.js';
import type { Settings } from '../options.js';
import { freePorts } from '../ports.js';
import type { DockerEngine } from './engine.js';
import { DockerEtcd } from './etcd.js';

/** Runs etcd in containers. The members of a cluster share a network. */
export class DockerRuntime implements EtcdRuntime {
  readonly source = 'docker';
  readonly etcdctl: string | undefined;
  readonly #engine: DockerEngine;
  readonly #settings: Settings;

  constructor(engine: DockerEngine, settings: Settings, etcdctl: string | undefined) {
    this.#engine = engine;
    this.#settings = settings;
    this.etcdctl = etcdctl;
  }

  async plan(count: number, { partitions }: PlanOptions = { partitions: false }): Promise<EtcdPlan> {
    if (partitions)
      throw new EtcdStartError("partitions need members that are processes: source 'binary' or 'fetch'");
    const ports = await freePorts(count);
    const network = count > 1 ? await this.#engine.newNetwork() : undefined;
    const { security } = this.#settings;
    const peers = ports.map((port, i) => {
      const host = network ? `m${i}` : '127.0.0.1';
      return { port, name: `m${i}`, peerUrl: `${security.scheme}://${host}:2380` };
    });
    const hosts = ['localhost', '127.0.0.1', '::1', this.#engine.host, ...peers.map(({ name }) => name)];
    const files = security.tls?.filesFor([...new Set(hosts)]) ?? {};
    const initialCluster = initialClusterOf(peers);
    const nodes = peers.map(({ name, port, peerUrl }) => {
      const layout = { name, port, peerUrl, initialCluster, network, files };
      return new DockerEtcd(this.#engine, this.#settings, layout);
    });
    return { nodes, dispose: () => dispose(nodes, network) };
  }
}

async function dispose(nodes: readonly EtcdNode[], network: StartedNetwork | undefined): Promise<void> {
  await Promise.all(nodes.map((node) => node.remove()));
  await network?.stop();
}
