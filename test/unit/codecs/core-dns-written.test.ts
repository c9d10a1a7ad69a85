import assert from 'node:assert/strict';
import { coreDns } from '#src/codecs/index.js';
import { addr, good } from './support/core-dns-shapes.js';
import { itWrites } from './support/shapes.js';

const service = 'my-service.svc.example.org';
const codec = coreDns();

describe('a value of CoreDNS, written', () => {
  itWrites(codec, service, [
    { name: 'an address', endpoint: { addr }, writes: `{${good}}` },
    { name: 'metadata that is null', endpoint: { addr, metadata: null }, writes: `{${good}}` },
    { name: 'no metadata', endpoint: { addr, metadata: {} }, writes: `{${good}}` },
    {
      name: 'an IPv6 address',
      endpoint: { addr: '[2001:db8::7]:80' },
      writes: '{"host":"2001:db8::7","port":80}',
    },
    { name: 'a host name', endpoint: { addr: 'pod-7.svc:80' }, writes: '{"host":"pod-7.svc","port":80}' },
    {
      name: 'every member, in the order of CoreDNS',
      endpoint: {
        addr,
        metadata: { group: 'g1', targetstrip: 1, ttl: 60, text: '<note>', weight: 0.5, priority: 20 },
      },
      writes: `{${good},"priority":20,"weight":50,"text":"\\u003cnote\\u003e","ttl":60,"targetstrip":1,"group":"g1"}`,
    },
    { name: 'weight 1', endpoint: { addr, metadata: { weight: 1 } }, writes: `{${good},"weight":100}` },
    { name: 'weight 0.29', endpoint: { addr, metadata: { weight: 0.29 } }, writes: `{${good},"weight":29}` },
    {
      name: 'a computed weight',
      endpoint: { addr, metadata: { weight: 0.1 + 0.2 } },
      writes: `{${good},"weight":30}`,
    },
    {
      name: 'weight 0',
      endpoint: { addr, metadata: { weight: 0 } },
      writes: /weight is 0; .* a multiple of 0.01/,
    },
    {
      name: 'a weight that is too great',
      endpoint: { addr, metadata: { weight: 21_474_836.48 } },
      writes: /weight is 21474836.48/,
    },
    { name: 'a finer weight', endpoint: { addr, metadata: { weight: 0.333 } }, writes: /weight is 0.333/ },
    { name: 'a weight as text', endpoint: { addr, metadata: { weight: '1' } }, writes: /weight is '1'/ },
    { name: 'priority 0', endpoint: { addr, metadata: { priority: 0 } }, writes: /from 1 to 65535/ },
    {
      name: 'a priority over 16 bits',
      endpoint: { addr, metadata: { priority: 65536 } },
      writes: /priority is 65536/,
    },
    { name: 'a ttl with a fraction', endpoint: { addr, metadata: { ttl: 1.5 } }, writes: /ttl is 1.5/ },
    { name: 'a group that is empty', endpoint: { addr, metadata: { group: '' } }, writes: /group is ''/ },
    { name: 'a zone', endpoint: { addr, metadata: { zone: 'a' } }, writes: /metadata has 'zone', which/ },
    { name: 'a status', endpoint: { addr, metadata: { status: 'draining' } }, writes: /has 'status'/ },
    { name: 'mail', endpoint: { addr, metadata: { mail: true } }, writes: /has 'mail'/ },
    {
      name: 'metadata that is a text',
      endpoint: { addr, metadata: 'x' },
      writes: /coredns has no place for metadata that is not a plain object/,
    },
    {
      name: 'metadata that is a list',
      endpoint: { addr, metadata: [] },
      writes: /coredns has no place for metadata that is not a plain object/,
    },
    {
      name: 'metadata that is a Map',
      endpoint: { addr, metadata: new Map() as never },
      writes: /plain object/,
    },
    {
      name: 'metadata that is a Date',
      endpoint: { addr, metadata: new Date() as never },
      writes: /plain object/,
    },
    {
      name: 'a targetstrip beside a name',
      endpoint: { addr: 'a.b:1', metadata: { targetstrip: 1 } },
      writes: /a targetstrip and the host is a name: CoreDNS would answer another name/,
    },
    {
      name: 'a targetstrip of all labels beside a name',
      endpoint: { addr: 'a:1', metadata: { targetstrip: 1 } },
      writes: '{"host":"a","port":1,"targetstrip":1}',
    },
    {
      name: 'a lone surrogate',
      endpoint: { addr, metadata: { group: '\ud800' } },
      writes: /a text with a lone surrogate/,
    },
    {
      name: 'a text beside a name',
      endpoint: { addr: 'a:1', metadata: { text: 't' } },
      writes: /CoreDNS would answer only the text/,
    },
    { name: 'no address', endpoint: { addr: '' }, writes: /the endpoint has no addr/ },
    { name: 'an address without a port', endpoint: { addr: '10.0.0.7' }, writes: /it has no port/ },
    { name: 'an address without a host', endpoint: { addr: ':80' }, writes: /it has no host/ },
    { name: 'a URL', endpoint: { addr: 'http://10.0.0.7:80' }, writes: /it is a URL/ },
    { name: 'every host', endpoint: { addr: '0.0.0.0:80' }, writes: /each caller's own host/ },
    { name: 'a socket file', endpoint: { addr: 'unix:/run/a.sock' }, writes: /is a socket file/ },
    { name: 'an IPv6 address with a zone', endpoint: { addr: '[fe80::1%eth0]:80' }, writes: /has a zone/ },
  ]);

  for (const [id, reason] of [
    ['10.0.0.7:50051', /is not a label of a DNS name/],
    ['a.b', /it has a dot/],
    ['A', /it has the character 'A'/],
    ['any', /is a wildcard/],
    ['*', /is a wildcard/],
    ['', /it has an empty label/],
    ['a/', /it has an empty label/],
    ['a'.repeat(64), /a label of more than 63 characters/],
  ] as const)
    it(`is refused below the id '${id.slice(0, 20)}'`, () => {
      assert.throws(() => written(id), { name: 'NamingError', message: reason });
    });

  it('is stored for a name in any case, with or without a dot at its end', () => {
    for (const name of ['My-Service.Example.ORG', 'my-service.example.org.']) {
      const place = { service: name, key: '/skydns/org/example/my-service/a', id: 'a' };
      assert.equal(codec.encode?.({ addr }, place), `{${good}}`);
    }
  });

  it('is stored below nested labels', () => {
    assert.equal(written('b/a'), `{${good}}`);
  });

  it('is refused with an unknown member', () => {
    assert.throws(() => codec.encode?.({ addr, weight: 1 } as never, placeOf('a')), {
      name: 'InvalidInputError',
      message: /metadata.weight/,
    });
  });

  const placeOf = (id: string) => ({ service, id, key: `${codec.keyPrefix(service)}${id}` });
  const written = (id: string) => codec.encode?.({ addr }, placeOf(id));
});
