import assert from 'node:assert/strict';
import { goMicro } from '#src/codecs/index.js';
import { goMicroShapes, goMicroWrites, methods, node, service } from './support/go-micro-shapes.js';
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
    itWrites(codec, 'greeter', goMicroWrites);
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
