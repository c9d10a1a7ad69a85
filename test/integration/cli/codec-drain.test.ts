import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { instance, useFrameworkRecords } from './framework-records.js';

describe('etcd-naming drain with --codec', () => {
  const { commands, fixture } = useFrameworkRecords();
  let client: EtcdClient;
  let namespace: string;
  let kratosOptions: readonly string[];

  beforeEach(() => {
    ({ client, namespace, kratosOptions } = fixture);
  });

  it('adds the mark and removes it, and keeps the other members', async () => {
    const stored = async () => (await client.kv.get(`${namespace}/shop/a1`)).kv?.value.toString() ?? '';
    assert.equal((await commands.run('drain', 'shop', 'a1', ...kratosOptions)).code, 0);
    assert.deepEqual(JSON.parse(await stored()), {
      ...(JSON.parse(instance('a1', 'grpc://10.0.0.1:9000')) as object),
      metadata: { weight: '300', zone: 'a', status: 'draining' },
    });
    assert.equal((await commands.run('drain', 'shop', 'a1', '--undo', ...kratosOptions)).code, 0);
    assert.deepEqual(
      JSON.parse(await stored()),
      JSON.parse(instance('a1', 'grpc://10.0.0.1:9000', { weight: '300', zone: 'a' })),
    );
  });

  it('refuses a format without a place for the mark, before it reads anything', async () => {
    const { code, stderr } = await commands.run('drain', `${namespace}/zero`, '8236', '--codec', 'go-zero');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /records of go-zero have no place for the mark.*etcd-naming rm \S+ 8236 --codec go-zero/,
    );
    assert.equal((await client.kv.get(`${namespace}/zero/8236`)).kv?.version, 1n);
  });

  const kept: readonly (readonly [name: string, value: object])[] = [
    ['nothing', {}],
    ['an empty map', { metadata: {} }],
    [
      'metadata and other endpoints',
      { metadata: { x: 'y' }, endpoints: ['http://h:1', 'grpc://10.0.0.1:1'] },
    ],
    ['no version', { version: undefined }],
  ];
  for (const [name, members] of kept)
    it(`and its undoing leave a record as it was that has ${name}`, async () => {
      const key = `${namespace}/shop/k`;
      const value = JSON.stringify(
        { ...JSON.parse(instance('k', 'grpc://10.0.0.1:1')), ...members },
        null,
        1,
      );
      await client.kv.put(key, value);
      assert.equal((await commands.run('drain', 'shop', 'k', ...kratosOptions)).code, 0);
      assert.equal((await commands.run('drain', 'shop', 'k', '--undo', ...kratosOptions)).code, 0);
      const { kv } = await client.kv.get(key);
      const complete = (json: string): object => {
        const stored = JSON.parse(json) as { readonly metadata: object | null };
        return { version: '', ...stored, metadata: stored.metadata ?? {} };
      };
      assert.deepEqual(complete(String(kv?.value)), complete(value));
    });

  /** Records of which a codec does not write all parts, as their frameworks or other programs may have stored them. */
  const lossy: readonly (readonly [
    codec: string,
    service: string,
    id: string,
    value: object,
    parts: string,
  ])[] = [
    [
      'kratos',
      'shop',
      'a',
      {
        id: 'a',
        name: 'shop',
        version: 'v1',
        metadata: { id: 'own', x: 'y' },
        endpoints: ['grpc://10.0.0.1:1'],
        region: 'eu',
      },
      'metadata.id, region',
    ],
    [
      'kratos',
      'shop',
      'a',
      { id: 'a', name: 'shop', version: '', metadata: { weight: '007' }, endpoints: ['grpc://10.0.0.1:1'] },
      'metadata.weight',
    ],
    [
      'kratos',
      'shop',
      'a',
      { id: 'a', name: 'shop', version: '', metadata: { status: 'up' }, endpoints: ['grpc://10.0.0.1:1'] },
      'metadata.status',
    ],
    ['kratos', 'shop', 'a', { name: 'shop', endpoints: ['grpc://10.0.0.1:1'] }, 'id'],
    [
      'kitex',
      'echo',
      '10.0.0.1:1',
      { network: 'tcp', address: '10.0.0.1:1', weight: 0, tags: { weight: 'canary', z: '1' } },
      'weight, tags.weight',
    ],
    [
      'kitex',
      'echo',
      '10.0.0.1:1',
      { network: 'tcp', address: '10.0.0.1:1', weight: 10, tags: { status: 'up', z: '1' } },
      'tags.status',
    ],
    [
      'go-micro',
      'greeter',
      'a',
      {
        name: 'greeter',
        version: '1',
        metadata: null,
        endpoints: [],
        nodes: [{ id: 'a', address: '10.0.0.1:1', metadata: { protocol: 'mucp', id: 'own' } }],
        extra: { a: 1 },
      },
      'nodes[0].metadata.id, extra',
    ],
    [
      'go-micro',
      'greeter',
      'a',
      {
        name: 'greeter',
        version: '1',
        nodes: [
          { id: 'b', address: '' },
          { id: 'a', address: '10.0.0.1:1' },
        ],
      },
      'nodes',
    ],
    [
      'go-micro',
      'a/b',
      'n',
      {
        name: 'a-b',
        version: '1',
        nodes: [{ id: 'n', address: '10.0.0.1:1', metadata: { protocol: 'grpc' } }],
      },
      'name',
    ],
  ];
  for (const [codec, service, id, value, parts] of lossy)
    it(`refuses a record of ${codec} of which it would change ${parts}`, async () => {
      const key = `${namespace}/${service.replace('/', '-')}/${id}`;
      await client.kv.put(key, JSON.stringify(value));
      const options = ['--codec', codec, '--codec-prefix', namespace];
      const { code, stderr } = await commands.run('drain', service, id, ...options);
      assert.equal(
        stderr,
        `etcd-naming: '${key}' was not changed: writing it again would change or lose ${parts}; drain at its server, or through ${codec}\n`,
      );
      assert.equal(code, 1);
      assert.equal((await client.kv.get(key)).kv?.version, 1n);
    });

  it('--undo refuses it too', async () => {
    const key = `${namespace}/shop/u`;
    const value = {
      ...JSON.parse(instance('u', 'grpc://10.0.0.1:1', { status: 'draining' })),
      region: 'eu',
    };
    await client.kv.put(key, JSON.stringify(value));
    const { code, stderr } = await commands.run('drain', 'shop', 'u', '--undo', ...kratosOptions);
    assert.deepEqual(
      [code, /lose region; remove the mark at its server, or through kratos/.test(stderr)],
      [1, true],
      stderr,
    );
    assert.equal((await client.kv.get(key)).kv?.version, 1n);
  });

  it('refuses a record that is not an endpoint', async () => {
    const { code, stderr } = await commands.run('drain', 'shop', 'a2', ...kratosOptions);
    assert.equal(code, 1);
    assert.match(stderr, /a2' is not an endpoint: none of the record's endpoints/);
  });
});
