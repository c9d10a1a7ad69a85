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
    const peers = ports.map((port, i) => ({ port, name: `m${i}`, peerUrl: peerUrlOf(network, i) }));
    const initialCluster = initialClusterOf(peers);
    const nodes = peers.map(({ name, port, peerUrl }) => {
      const layout = { name, port, peerUrl, initialCluster, network };
      return new DockerEtcd(this.#engine, this.#settings, layout);
    });
    return { nodes, dispose: () => dispose(nodes, network) };
  }
}

function peerUrlOf(network: StartedNetwork | undefined, index: number): string {
  return network ? `http://m${index}:2380` : 'http://127.0.0.1:2380';
}

async function dispose(nodes: readonly EtcdNode[], network: StartedNetwork | undefined): Promise<void> {
  await Promise.all(nodes.map((node) => node.remove()));
  await network?.stop();
}
