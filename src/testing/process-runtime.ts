import type { EtcdBinary } from './etcd-binary.js';
import { type EtcdPlan, type EtcdRuntime, initialClusterOf } from './etcd-node.js';
import type { EtcdSource } from './options.js';
import { freePorts } from './ports.js';
import { ProcessEtcd } from './process-etcd.js';

/** Runs etcd as child processes on loopback. */
export class ProcessRuntime implements EtcdRuntime {
  readonly source: EtcdSource;
  readonly etcdctl: string | undefined;
  readonly #binary: EtcdBinary;
  readonly #args: readonly string[];

  constructor(source: EtcdSource, binary: EtcdBinary, args: readonly string[]) {
    this.source = source;
    this.etcdctl = binary.etcdctl;
    this.#binary = binary;
    this.#args = args;
  }

  async plan(count: number): Promise<EtcdPlan> {
    const ports = await freePorts(count * 2);
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const members = Array.from({ length: count }, (_, i) => ({
      name: `m${i}`,
      clientUrl: urls[2 * i] ?? '',
      peerUrl: urls[2 * i + 1] ?? '',
    }));
    const initialCluster = initialClusterOf(members);
    const nodes = members.map(({ name, clientUrl, peerUrl }) => {
      const client = { listenClientUrl: clientUrl, advertiseClientUrl: clientUrl };
      const peer = { listenPeerUrl: peerUrl, peerUrl };
      return new ProcessEtcd(this.#binary.etcd, { name, ...client, ...peer, initialCluster }, this.#args);
    });
    return { nodes, dispose: async () => void (await Promise.all(nodes.map((node) => node.remove()))) };
  }
}
