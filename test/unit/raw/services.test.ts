import assert from 'node:assert/strict';
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import * as raw from '#src/raw/index.js';
import { readManifest } from './wire-lock.js';

interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

const services = {
  'etcdserverpb.Auth': raw.AuthService,
  'etcdserverpb.Cluster': raw.ClusterService,
  'etcdserverpb.KV': raw.KVService,
  'etcdserverpb.Lease': raw.LeaseService,
  'etcdserverpb.Maintenance': raw.MaintenanceService,
  'etcdserverpb.Watch': raw.WatchService,
  'v3electionpb.Election': raw.ElectionService,
  'v3lockpb.Lock': raw.LockService,
};

function shapes(methods: Iterable<Method>): Method[] {
  const sorted = [...methods].sort((a, b) => (a.path < b.path ? -1 : 1));
  return sorted.map(({ path, requestStream, responseStream }) => ({ path, requestStream, responseStream }));
}

describe('the service definitions', () => {
  const { methods } = readManifest();

  it('list every method of the protocol with its path and streaming', () => {
    const generated = Object.values(services).flatMap((service) => Object.values(service) as Method[]);
    assert.deepEqual(shapes(generated), shapes(methods));
    assert.equal(methods.length, 49);
  });

  it('agree with those of proto-loader', async () => {
    const loaded = (await raw.loadProtocol()) as Record<string, unknown>;
    for (const [name, service] of Object.entries(services)) {
      assert.deepEqual(shapes(Object.values(loaded[name] as object)), shapes(Object.values(service)), name);
    }
  });

  it("of proto-loader create clients with grpc-js's loadPackageDefinition", async () => {
    const root = loadPackageDefinition(await raw.loadProtocol());
    const client = (root['etcdserverpb'] as GrpcObject)['KV'] as ServiceClientConstructor;
    assert.equal(client.service['Range']?.path, raw.KVService.range.path);
  });
});
