import { type EtcdHandle, startEtcd } from '#src/testing/index.js';

/** The configuration of a member that a test adds to a cluster. */
export interface EtcdMemberConfig {
  readonly name: string;
  /** Where the other members reach it. */
  readonly peerUrl: string;
  /** The members of the cluster with this one, as `name=url`. */
  readonly initialCluster: readonly string[];
  readonly state: 'new' | 'existing';
  readonly args?: readonly string[];
}

/** Starts one member of a cluster whose members are started one by one. */
export function startMember(config: EtcdMemberConfig): Promise<EtcdHandle> {
  const { name, peerUrl, initialCluster, state, args = [] } = config;
  return startEtcd({
    args: [
      ...['--name', name, '--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', initialCluster.join(','), '--initial-cluster-state', state],
      ...args,
    ],
  });
}
