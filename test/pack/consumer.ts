import { credentials } from '@grpc/grpc-js';
import { compare, EndpointManager, EtcdClient, op, register, registerEtcdResolver } from '@org/etcd-naming';
import { etcdserverpb, KVService, protoFolder } from '@org/etcd-naming/proto';
import { startEtcd } from '@org/etcd-naming/testing';

export async function consumer(): Promise<bigint> {
  const etcd = await startEtcd({ source: 'binary' });
  const client = new EtcdClient({ endpoints: etcd.endpoints });
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
  await registration.close();
  console.log(KVService.range.path, protoFolder, etcdserverpb.RangeRequest, credentials);
  return revision;
}
