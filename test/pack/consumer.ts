import { credentials } from '@grpc/grpc-js';
// @ts-expect-error: a type that only the package's own modules use
import type { Clock } from '@org/etcd-naming';
import {
  compare,
  type DirectoryOptions,
  type EndpointCodec,
  EndpointManager,
  EtcdClient,
  EtcdError,
  type KeyValue,
  type NamingClient,
  op,
  register,
  registerEtcdResolver,
  ServiceDirectory,
} from '@org/etcd-naming';
import { coreDns, goMicro, goZero, kitex, kratos } from '@org/etcd-naming/codecs';
// @ts-expect-error: no entry
import type { StoredKeyValue } from '@org/etcd-naming/dist/chunks/main.js';
import { etcdserverpb, KVService, type mvccpb, protoFolder } from '@org/etcd-naming/proto';
import { type EtcdHandle, EtcdStartError, startEtcd, startEtcdCluster } from '@org/etcd-naming/testing';

export type Internal = Clock | StoredKeyValue;

export async function consumer(): Promise<bigint> {
  const etcd = await startEtcd({ source: 'binary' });
  const client = connect(etcd);
  const { revision } = await client.kv.txn({
    compare: [compare.version('lock', '=', 0n)],
    success: [op.put('lock', 'me')],
  });
  await new EndpointManager(client, 'svc').addEndpoint('svc/1', {
    addr: '10.0.0.1:1',
    metadata: { weight: 2 },
  });
  const registration = await register(client, { target: 'svc', addr: '10.0.0.1:2' });
  registerEtcdResolver(client)[Symbol.dispose]();
  registerEtcdResolver(client, { codec: kratos() })[Symbol.dispose]();
  await registration.close();
  console.log(KVService.range.path, protoFolder(), etcdserverpb.RangeRequest, credentials);
  return revision;
}

/** The values of one entry are those of another. */
export function connect(etcd: EtcdHandle): EtcdClient {
  return new EtcdClient({ endpoints: etcd.endpoints });
}

/** The formats of one entry are options of another. */
export function formats(): readonly EndpointCodec[] {
  return [coreDns(), goMicro(), goZero(), kitex(), kratos()];
}

export async function connectToMembers(): Promise<NamingClient[]> {
  const cluster = await startEtcdCluster({ members: 3 });
  return cluster.members.map(connect);
}

export function follow(client: NamingClient, options: DirectoryOptions): ServiceDirectory {
  return new ServiceDirectory(client, options);
}

export function toMessage(kv: KeyValue): mvccpb.KeyValue {
  return kv;
}

export function toKeyValue(message: mvccpb.KeyValue): KeyValue {
  return message;
}

export function describe(error: unknown): string {
  if (error instanceof EtcdStartError) return error.tried.join();
  return error instanceof EtcdError ? `${error.code} ${error.reason ?? ''}` : String(error);
}
