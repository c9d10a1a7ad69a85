import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  coreDns,
  type EndpointCodec,
  goMicro,
  goZero,
  kitex,
  kratos,
  withServiceName,
} from '#src/codecs/index.js';
import { memoized } from '#src/codecs/memoized.js';
import { formatsId } from '#src/naming/codec/record-formats.js';
import { eventually } from '../../support/eventually.js';

const equal: readonly (readonly [name: string, ...codecs: (() => EndpointCodec)[]])[] = [
  ['goZero', () => goZero()],
  [
    'kratos',
    () => kratos(),
    () => kratos({}),
    () => kratos({ namespace: '/microservices' }),
    () => kratos({ secure: false, namespace: undefined }),
  ],
  [
    'goMicro',
    () => goMicro(),
    () => goMicro({ prefix: '/micro/registry' }),
    () => goMicro({ prefix: '/micro/registry/' }),
  ],
  ['kitex', () => kitex(), () => kitex({ prefix: 'kitex/registry-etcd' })],
  ['coreDns', () => coreDns(), () => coreDns({ path: '/skydns' }), () => coreDns({ path: 'skydns/' })],
  [
    'kratos with TLS',
    () => kratos({ secure: true }),
    () => kratos({ namespace: '/microservices', secure: true }),
  ],
  [
    'coreDns with a port',
    () => coreDns({ defaultPort: 80 }),
    () => coreDns({ path: '/skydns', defaultPort: 80 }),
  ],
];

describe('a codec that is asked for again', () => {
  for (const [name, ...codecs] of equal)
    it(`is the same frozen object for equal options: ${name}`, () => {
      const [first, ...others] = [...codecs, ...codecs].map((create) => create());
      assert.ok(Object.isFrozen(first));
      for (const other of others) assert.equal(other, first);
    });

  it('is another object for other options', () => {
    const codecs = [
      ...[kratos(), kratos({ secure: true }), kratos({ namespace: '/a' }), kratos({ namespace: '/a,' })],
      ...[coreDns(), coreDns({ defaultPort: 80 }), coreDns({ defaultPort: 443 }), coreDns({ path: '/a' })],
      ...[goMicro(), goMicro({ prefix: '/a' }), kitex(), kitex({ prefix: '/a' })],
    ];
    assert.equal(new Set(codecs).size, codecs.length);
  });

  it('has another variant if it reads the same keys in another way', () => {
    const variants = [kratos({ secure: true }), coreDns({ defaultPort: 80 }), coreDns({ defaultPort: 443 })];
    assert.deepEqual(
      variants.map(({ variant }) => variant),
      ['secure', 'port 80', 'port 443'],
    );
    for (const codec of [kratos(), coreDns(), goMicro({ prefix: '/a' }), kitex(), goZero()])
      assert.equal(codec.variant, undefined);
  });

  it('has another id of its stored views if it reads the same keys in another way', () => {
    const idOf = (codec: EndpointCodec) => formatsId('svc', [codec]);
    for (const [one, other] of [
      [kratos(), kratos({ secure: true })],
      [coreDns({ defaultPort: 80 }), coreDns({ defaultPort: 443 })],
      [coreDns(), coreDns({ defaultPort: 443 })],
    ] as const) {
      assert.notEqual(idOf(one), idOf(other));
      assert.notEqual(idOf(withServiceName(one, String)), idOf(withServiceName(other, String)));
    }
  });

  it('is created again when the first one is no longer in use', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    let created = 0;
    const codecs = new Map<string, WeakRef<EndpointCodec>>();
    const codecOf = memoized(({ name }: { name: string }): EndpointCodec => {
      created++;
      return { ...goZero(), name };
    }, codecs);
    const kept = codecOf({ name: 'kept' });
    codecOf({ name: 'left' });
    await eventually('the codec is created again', () => {
      collect();
      codecOf({ name: 'left' });
      return created > 2;
    });
    await eventually('the unused codec is removed', () => {
      collect();
      return codecs.size === 1;
    });
    assert.equal(codecOf({ name: 'kept' }), kept);
    assert.equal(codecs.size, 1);
  });
});
