import { type EtcdClusterHandle, locateEtcd } from '#src/testing/index.js';
import { GrpcProxy } from '../interop/support/grpc-proxy.js';
import type { Resources } from './resources.js';
import type { ChaosServer } from './workers.js';

/** A grpc-proxy that knows all members. */
export interface NamedGrpcProxy extends ChaosServer {
  readonly process: GrpcProxy;
}

/** Starts grpc-proxies of the cluster's release. The resources kill them. */
export async function startGrpcProxies(
  cluster: EtcdClusterHandle,
  count: number,
  resources: Resources,
): Promise<NamedGrpcProxy[]> {
  if (count === 0) return [];
  const { etcd } = await locateEtcd({ version: cluster.version });
  const proxies: NamedGrpcProxy[] = [];
  for (let i = 0; i < count; i++) {
    const process = await GrpcProxy.start(etcd, cluster.endpoints.join(','));
    resources.defer(() => process.kill());
    proxies.push({ name: `proxy${i}`, endpoint: process.endpoint, process });
  }
  return proxies;
}
