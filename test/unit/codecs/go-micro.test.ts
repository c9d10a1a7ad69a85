import assert from 'node:assert/strict';
import { goMicro } from '#src/codecs/index.js';
import { goMicroShapes, methods, node, service } from './support/go-micro-shapes.js';
import { itReads, itWrites } from './support/shapes.js';

const codec = goMicro();
const addr = '10.0.0.7:8080';

describe('records of go-micro', () => {
  it('are below the prefix and the name, with a minus for each slash', () => {
    assert.equal(codec.name, 'go-micro');
    assert.equal(codec.root, '/micro/registry/');
    assert.equal(codec.keyPrefix('greeter'), '/micro/registry/greeter/');
    assert.equal(codec.keyPrefix('go.micro/srv/greeter'), '/micro/registry/go.micro-srv-greeter/');
    assert.equal(goMicro({ prefix: '/micro-registry' }).keyPrefix('a'), '/micro-registry/a/');
    assert.equal(goMicro({ prefix: '/micro/registry/micro/' }).keyPrefix('a'), '/micro/registry/micro/a/');
    assert.equal(codec.defaultId?.('unix:/run/a'), 'unix:-run-a');
  });

  it('have the service in their key', () => {
    assert.equal(codec.serviceOf?.('/micro/registry/greeter/1'), 'greeter');
    for (const key of [
      '/micro/registry/a',
      '/micro/registry//1',
      '/micro/registry/a/',
      '/micro/registry/a/b/1',
      '/a/1',
    ])
      assert.equal(codec.serviceOf?.(key), undefined);
  });

  it('can say that an endpoint is draining', () => {
    assert.notEqual(codec.canDrain, false);
  });

  it('have options that are checked', () => {
    assert.throws(() => goMicro({ namespace: '/a' } as object), /unknown option 'namespace'/);
    assert.throws(() => goMicro({ prefix: 7 as unknown as string }), /prefix/);
  });

  it('are of the service if only slashes differ', () => {
    const place = { service: 'srv/greeter', id: '1', key: '/micro/registry/srv-greeter/1' };
    for (const name of ['srv/greeter', 'srv-greeter'])
      assert.deepEqual(
        codec.decode({
          ...place,
          value: Buffer.from(service({ name, nodes: [node({ id: '1', metadata: null })] })),
        }),
        { addr },
      );
  });

  describe('read', () => itReads(codec, 'greeter', goMicroShapes));

  describe('written', () => {
    itWrites(codec, 'greeter', [
      {
        name: 'an address alone has the members of go-micro, in their order, and says gRPC',
        endpoint: { addr },
        writes:
          `{"name":"greeter","version":"","metadata":null,"endpoints":[],` +
          `"nodes":[{"id":"${addr}","address":"${addr}","metadata":{"protocol":"grpc"}}]}`,
      },
      { name: 'empty metadata says gRPC', endpoint: { addr, metadata: {} }, writes: service({}) },
      {
        name: 'undefined metadata says gRPC',
        endpoint: { addr, metadata: { protocol: undefined } },
        writes: service({}),
      },
      {
        name: 'another protocol is kept',
        endpoint: { addr, metadata: { protocol: 'http' } },
        writes: service({ nodes: [node({ metadata: { protocol: 'http' } })] }),
      },
      {
        name: 'metadata has texts, sorted by name',
        endpoint: { addr, metadata: { zone: 'b', weight: 3, tls: false, status: 'draining' } },
        writes: service({
          nodes: [
            node({
              metadata: { protocol: 'grpc', status: 'draining', tls: 'false', weight: '3', zone: 'b' },
            }),
          ],
        }),
      },
      {
        name: 'id and version are members of the record',
        endpoint: { addr, metadata: { id: 'greeter-1/2', version: 1 } },
        writes: service({ version: '1', nodes: [node({ id: 'greeter-1/2' })] }),
      },
      {
        name: 'methods, metadata of the service and other nodes are written',
        endpoint: {
          addr,
          metadata: {
            endpoints: [{ name: 'Greeter.Hello', request: null }],
            serviceMetadata: { domain: 'micro', level: 2 },
            nodes: [{ address: '10.0.0.8:8080', metadata: { a: 1 } }],
          },
        },
        writes: service({
          endpoints: [{ name: 'Greeter.Hello', request: null }],
          metadata: { domain: 'micro', level: '2' },
          nodes: [node({}), node({ id: '', address: '10.0.0.8:8080', metadata: { a: '1' } })],
        }),
      },
      { name: 'no address', endpoint: { addr: '' }, writes: /the endpoint has no addr/ },
      { name: 'an address without a port', endpoint: { addr: '10.0.0.7' }, writes: /it has no port/ },
      {
        name: 'a list in metadata',
        endpoint: { addr, metadata: { tags: [] } },
        writes: /metadata.tags is a list/,
      },
      { name: 'null in metadata', endpoint: { addr, metadata: { a: null } }, writes: /metadata.a is null/ },
      {
        name: 'metadata that is text',
        endpoint: { addr, metadata: 'a' },
        writes: /has no place for metadata/,
      },
      {
        name: 'methods that are not a list',
        endpoint: { addr, metadata: { endpoints: {} } },
        writes: /is not a list/,
      },
      {
        name: 'metadata of the service that is text',
        endpoint: { addr, metadata: { serviceMetadata: 'a' } },
        writes: /has no place for metadata/,
      },
      {
        name: 'nodes that are not a list',
        endpoint: { addr, metadata: { nodes: {} } },
        writes: /is not a list of nodes/,
      },
      {
        name: 'a node with other members',
        endpoint: { addr, metadata: { nodes: [{ address: 'a:1', port: 1 }] } },
        writes: /is not a node/,
      },
      {
        name: 'a node without an address',
        endpoint: { addr, metadata: { nodes: [{ id: 'a' }] } },
        writes: /is not a node/,
      },
    ]);
  });

  it('are not written under an id with a slash', () => {
    const place = { service: 'greeter', id: 'a/b', key: '/micro/registry/greeter/a/b' };
    assert.throws(() => codec.encode?.({ addr }, place), /the id 'a\/b' has a slash/);
  });

  it('are written again without a loss', () => {
    const id = 'greeter-1';
    const place = { service: 'greeter', id, key: `/micro/registry/greeter/${id}` };
    const value = Buffer.from(
      service({
        version: 'latest',
        metadata: { domain: 'micro' },
        endpoints: methods,
        nodes: [node({ id }), node({ id: 'greeter-2', address: '10.0.0.8:8080' })],
      }),
    );
    const endpoint = codec.decode({ ...place, value });
    assert.ok(endpoint);
    assert.deepEqual(JSON.parse(String(codec.encode?.(endpoint, place))), JSON.parse(value.toString()));
  });
});
