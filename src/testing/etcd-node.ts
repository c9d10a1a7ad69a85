import type { PeerNetwork } from './faults/peer-network.js';
import type { GatewayClient } from './gateway-client.js';
import type { EtcdSource } from './options.js';
import type { Security } from './security/security.js';
import type { WaitLimits } from './wait.js';

/** One etcd server that a handle controls, as a process or a container. A server that has not been started is a node too. */
export interface EtcdNode {
  readonly name: string;
  /** The client address as `host:port`, unchanged for the node's whole life. */
  readonly endpoint: string;
  /** The URL for its peers. */
  readonly peerUrl: string;
  /** etcd's HTTP endpoints of this node, used as root. */
  readonly gateway: GatewayClient;
  readonly pid: number | undefined;
  /** Starts the server on its data; resolves when `/health` answers. After a failure nothing runs. */
  start(limits: WaitLimits): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Deletes the data of a stopped node. `joinExisting`: the next start joins a running cluster. */
  erase(options?: { joinExisting: boolean }): Promise<void>;
  log(): string;
  /** Kills the node and removes everything that belongs to it. */
  remove(): Promise<void>;
}

/** Nodes on fresh ports that have not been started. `dispose` removes them and what they share. */
export interface EtcdPlan {
  readonly nodes: readonly EtcdNode[];
  /** The network between the nodes, if it was requested. */
  readonly peers?: PeerNetwork;
  dispose(): Promise<void>;
}

/** A way to run any number of etcd nodes. */
export interface EtcdRuntime {
  readonly source: EtcdSource;
  readonly etcdctl: string | undefined;
  plan(count: number, options?: PlanOptions): Promise<EtcdPlan>;
}

export interface PlanOptions {
  /** Routes the traffic between the nodes through a network that can be cut. */
  readonly partitions: boolean;
}

/** The addresses in a node's flags. */
export interface NodeAddresses {
  readonly name: string;
  readonly listenClientUrl: string;
  readonly advertiseClientUrl: string;
  readonly listenPeerUrl: string;
  readonly peerUrl: string;
  /** `name=peerUrl` of every member, comma separated. */
  readonly initialCluster: string;
}

/** The folders of one node, as etcd sees them. */
export interface NodeFolders {
  readonly data: string;
  /** The folder of the files of TLS. */
  readonly tls: string;
}

/** The command line of one node, without the program. */
export function etcdFlags(
  addresses: NodeAddresses,
  folders: NodeFolders,
  joinExisting: boolean,
  security: Security,
): string[] {
  return [
    ...(security.tls?.flags(folders.tls) ?? []),
    ...security.flags,
    ...['--name', addresses.name, '--data-dir', folders.data],
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
 * Settings in the environment: a version that does not know one only warns about it, while an unknown flag is fatal.
 * Without fsync a start takes a third of the time, and only a crash of the machine makes a difference.
 */
export const ETCD_ENVIRONMENT: Readonly<Record<string, string>> = { ETCD_UNSAFE_NO_FSYNC: 'true' };

/** `m0=url,m1=url,…` */
export function initialClusterOf(peers: readonly { name: string; peerUrl: string }[]): string {
  return peers.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
}
