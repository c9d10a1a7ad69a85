import type { EtcdSource } from './options.js';
import type { PeerNetwork } from './peer-network.js';
import type { Limits } from './wait.js';

/** One etcd server as a handle drives it, whichever way it runs. A node that does not run yet is a node too. */
export interface EtcdNode {
  readonly name: string;
  /** `host:port` that clients dial; the same for the node's whole life. */
  readonly endpoint: string;
  /** URL under which its peers reach it. */
  readonly peerUrl: string;
  readonly pid: number | undefined;
  /** Starts the server on the data it has; resolves when `/health` answers. A failure leaves nothing running. */
  start(limits: Limits): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Deletes the data of a stopped node. `joinExisting`: its next start joins a cluster that already runs. */
  erase(options?: { joinExisting: boolean }): Promise<void>;
  log(): string;
  /** Kills it and removes every trace. */
  remove(): Promise<void>;
}

/** Nodes laid out on fresh ports, none started. `dispose` removes them and what they share. */
export interface EtcdPlan {
  readonly nodes: readonly EtcdNode[];
  /** The network between the nodes, where it was asked for. */
  readonly peers?: PeerNetwork;
  dispose(): Promise<void>;
}

/** A way to run etcd, found once and good for any number of nodes. */
export interface EtcdRuntime {
  readonly source: EtcdSource;
  readonly etcdctl: string | undefined;
  plan(count: number, options?: PlanOptions): Promise<EtcdPlan>;
}

export interface PlanOptions {
  /** Lead the traffic between the nodes through a network that can be cut. */
  readonly partitions: boolean;
}

/** What decides a node's flags. */
export interface NodeAddresses {
  readonly name: string;
  readonly listenClientUrl: string;
  readonly advertiseClientUrl: string;
  readonly listenPeerUrl: string;
  readonly peerUrl: string;
  /** `name=peerUrl` of every member, comma separated. */
  readonly initialCluster: string;
}

/** The command line of one node, without the program's name. */
export function etcdFlags(addresses: NodeAddresses, dataDir: string, joinExisting: boolean): string[] {
  return [
    ...['--name', addresses.name, '--data-dir', dataDir],
    ...[
      '--listen-client-urls',
      addresses.listenClientUrl,
      '--advertise-client-urls',
      addresses.advertiseClientUrl,
    ],
    ...['--listen-peer-urls', addresses.listenPeerUrl, '--initial-advertise-peer-urls', addresses.peerUrl],
    ...['--initial-cluster', addresses.initialCluster],
    ...['--initial-cluster-state', joinExisting ? 'existing' : 'new'],
    // Otherwise a member cannot be replaced in the first five seconds of a cluster's life.
    '--strict-reconfig-check=false',
    ...['--logger', 'zap', '--log-outputs', 'stderr', '--log-level', 'warn'],
  ];
}

/**
 * Settings that go by environment because a version that does not know one only warns about it, where an unknown
 * flag is fatal. Without fsync a start takes a third of the time, and only a crash of the machine could tell.
 */
export const ETCD_ENVIRONMENT: Readonly<Record<string, string>> = { ETCD_UNSAFE_NO_FSYNC: 'true' };

/** `m0=url,m1=url,…` */
export function initialClusterOf(peers: readonly { name: string; peerUrl: string }[]): string {
  return peers.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
}
