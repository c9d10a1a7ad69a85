import type { EtcdBinary } from '../binary/etcd-binary.js';
import { EtcdStartError } from '../errors.js';
import { type EtcdPlan, type EtcdRuntime, initialClusterOf, type PlanOptions } from '../etcd-node.js';
import { PeerNetwork } from '../faults/peer-network.js';
import type { EtcdSource, Settings } from '../options.js';
import { freePorts } from '../ports.js';
import { ProcessEtcd } from './etcd.js';

/** Runs etcd as child processes on loopback. */
export class ProcessRuntime implements EtcdRuntime {
  readonly source: EtcdSource;
  readonly etcdctl: string | undefined;
  readonly #binary: EtcdBinary;
  readonly #settings: Settings;

  constructor(source: EtcdSource, binary: EtcdBinary, settings: Settings) {
    this.source = source;
    this.etcdctl = binary.etcdctl;
    this.#binary = binary;
    this.#settings = settings;
  }

  async plan(count: number, { partitions }: PlanOptions = { partitions: false }): Promise<EtcdPlan> {
    const ports = await freePorts(count * 2);
    const nodes: ProcessEtcd[] = [];
    const { args, security } = this.#settings;
    const files = security.tls?.filesFor(['localhost', '127.0.0.1', '::1']) ?? {};
    const urlOf = (port: number) => `${security.scheme}://127.0.0.1:${port}`;
    const peers = partitions ? openNetwork(nodes) : undefined;
    const members = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const [name, client = 0, peer = 0] = [`m${i}`, ports[2 * i], ports[2 * i + 1]];
        const listen = { listenClientUrl: urlOf(client), listenPeerUrl: urlOf(peer) };
        return { name, ...listen, peerUrl: urlOf((await peers?.addPeer(name, peer)) ?? peer) };
      }),
    );
    const initialCluster = initialClusterOf(members);
    for (const member of members) {
      const addresses = { ...member, advertiseClientUrl: member.listenClientUrl, initialCluster };
      nodes.push(new ProcessEtcd(this.#binary.etcd, addresses, { args, security, files }));
    }
    const dispose = async () => {
      await Promise.all(nodes.map((node) => node.remove()));
      await peers?.close();
    };
    return { nodes, dispose, ...(peers && { peers }) };
  }
}

function openNetwork(nodes: readonly ProcessEtcd[]): PeerNetwork {
  if (process.platform !== 'linux') {
    throw new EtcdStartError(
      'partitions need Linux: only there is it known which member opened a connection',
    );
  }
  return new PeerNetwork(() => nodes);
}
