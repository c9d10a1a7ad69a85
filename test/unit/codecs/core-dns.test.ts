import assert from 'node:assert/strict';
import { coreDns } from '#src/codecs/index.js';
import { itReads, itWrites } from './support/shapes.js';

const service = 'my-service.svc.example.org';
const codec = coreDns();

describe('records of CoreDNS', () => {
  it('are below the reversed labels of the DNS name', () => {
    assert.equal(codec.name, 'coredns');
    assert.equal(codec.root, '/skydns/');
    for (const [name, prefix] of [
      ['my-service.svc.example.org', '/skydns/org/example/svc/my-service/'],
      ['my-service.svc.example.org.', '/skydns/org/example/svc/my-service/'],
      ['My-Service.SVC.Example.Org', '/skydns/org/example/svc/my-service/'],
      ['_grpc._tcp.my-service.example.org', '/skydns/org/example/my-service/_tcp/_grpc/'],
      ['local', '/skydns/local/'],
      ['xn--mller-kva.example', '/skydns/example/xn--mller-kva/'],
    ] as const)
      assert.equal(codec.keyPrefix(name), prefix);
  });

  for (const [name, reason] of [
    ['foo/bar', /it has the character '\/'/],
    ['a..b', /it has an empty label/],
    ['.a', /it has an empty label/],
    ['a..', /it has an empty label/],
    ['.', /it has an empty label/],
    ['*.example.org', /its label '\*' is a wildcard/],
    ['any.example.org', /its label 'any' is a wildcard/],
    ['müller.example', /it has the character 'ü'/],
    ['a b.example', /it has the character ' '/],
    ['😀.example', /it has the character '😀'/],
    [`${'a'.repeat(64)}.example`, /a label of more than 63 characters/],
    [`${'a.'.repeat(127)}b`, /the name is longer than 253 characters/],
  ] as const)
    it(`cannot be those of '${name.slice(0, 20)}'`, () => {
      assert.throws(() => codec.keyPrefix(name), { name: 'NamingError', message: reason });
    });

  it('are below the path of the configuration', () => {
    for (const [path, prefix] of [
      ['skydns', '/skydns/org/a/'],
      ['/skydns/', '/skydns/org/a/'],
      ['/dns//internal/', '/dns/internal/org/a/'],
      ['/', '/org/a/'],
    ] as const)
      assert.equal(coreDns({ path }).keyPrefix('a.org'), prefix);
    assert.equal(coreDns({ path: '/' }).root, '/');
  });

  it('need valid options', () => {
    for (const [options, message] of [
      [{ path: '/a/../b' }, /contains '.' or '..'/],
      [{ path: './b' }, /contains '.' or '..'/],
      [{ path: 7 }, /path is 7/],
      [{ defaultPort: 0 }, /defaultPort is 0/],
      [{ port: 80 }, /unknown option 'port'/],
    ] as const)
      assert.throws(() => coreDns(options as object), { name: 'InvalidInputError', message });
  });

  it('name their service in their key', () => {
    for (const [key, name] of [
      ['/skydns/org/example/svc/my-service/10-0-0-7-50051', 'my-service.svc.example.org'],
      ['/skydns/org/example/x', 'example.org'],
      ['/skydns/org/x', 'org'],
      ['/skydns/x', undefined],
      ['/skydns//x', undefined],
      ['/skydns/org//x', undefined],
      ['/skydns/Org/x', undefined],
      ['/skydns2/org/x', undefined],
      ['/skydnsorg/x', undefined],
      ['skydns/org/x', undefined],
    ] as const)
      assert.equal(codec.serviceOf?.(key), name, key);
    assert.equal(coreDns({ path: '/' }).serviceOf?.('/org/a/x'), 'a.org');
  });

  it('have a label made from the address as their id', () => {
    for (const [addr, id] of [
      ['10.0.0.7:50051', '10-0-0-7-50051'],
      ['[2001:db8::7]:50051', '2001-db8--7-50051'],
      ['[2001:DB8::7]:50051', '2001-db8--7-50051'],
      ['[::1]:50051', '0--1-50051'],
      ['pod-7.svc:80', 'pod--7-svc-80'],
      ['pod.7.svc:80', 'pod-7-svc-80'],
      ['10.0.0.7:50051#2', '10-0-0-7-50051-2'],
    ] as const)
      assert.equal(codec.defaultId?.(addr), id);
  });

  it('have a label with a hash as their id if the address is long', () => {
    const host = 'shop-cart-6f7d9c5b4-x2x7k.shop-cart-headless.production.svc.cluster.local';
    const idOf = (addr: string) => codec.defaultId?.(addr) ?? '';
    assert.equal(idOf(`${host}:50051`), 'shop--cart--6f7d9c5b4--x2x7k-shop--cart--h-d5ff6b8b787e8d2e8527');
    assert.equal(idOf(`${host.toUpperCase()}:50051`), idOf(`${host}:50051`));
    const addrs = [`${host}:50051`, `${host}:50052`, `${host}:50051#2`, `${host}.:50051`, `${host}a:50051`];
    assert.equal(new Set(addrs.map(idOf)).size, addrs.length);
    for (const addr of addrs) {
      const id = idOf(addr);
      assert.equal(id.length, 63);
      const place = { service, id, key: `${codec.keyPrefix(service)}${id}` };
      assert.ok(codec.encode?.({ addr: addr.replace(/#.*/, '') }, place));
    }
  });

  it('have a label without a hash up to 63 characters', () => {
    assert.equal(codec.defaultId?.(`${'a'.repeat(60)}:80`), `${'a'.repeat(60)}-80`);
    assert.match(codec.defaultId?.(`${'a'.repeat(61)}:80`) ?? '', /^a{42}-[0-9a-f]{20}$/);
  });

  it('cannot say that an endpoint is draining', () => {
    assert.equal(codec.canDrain, false);
  });
});

const addr = '10.0.0.7:50051';
const host = '"host":"10.0.0.7"';
const good = `${host},"port":50051`;

describe('a value of CoreDNS, read', () => {
  itReads(codec, service, [
    { name: 'a host and a port', value: `{${good}}`, reads: { addr } },
    {
      name: 'a host name',
      value: '{"host":"server1.example.org","port":8080}',
      reads: { addr: 'server1.example.org:8080' },
    },
    {
      name: 'a host name with the dot of the root',
      value: '{"host":"server1.example.org.","port":8080}',
      reads: { addr: 'server1.example.org.:8080' },
    },
    { name: 'an IPv6 address', value: '{"host":"::1","port":8080}', reads: { addr: '[::1]:8080' } },
    {
      name: 'every member',
      value: `{${good},"priority":20,"weight":50,"text":"note","mail":false,"ttl":60,"targetstrip":1,"group":"g1"}`,
      reads: {
        addr,
        metadata: { priority: 20, weight: 0.5, text: 'note', ttl: 60, targetstrip: 1, group: 'g1' },
      },
    },
    { name: 'the default weight', value: `{${good},"weight":100}`, reads: { addr, metadata: { weight: 1 } } },
    { name: 'the least weight', value: `{${good},"weight":1}`, reads: { addr, metadata: { weight: 0.01 } } },
    {
      name: 'weight and priority 0, which are absent',
      value: `{${good},"weight":0,"priority":0}`,
      reads: { addr },
    },
    {
      name: 'the ttl of the documentation',
      value: '{"host":"skydns-local.server","ttl":60,"priority":10,"port":8080}',
      reads: { addr: 'skydns-local.server:8080', metadata: { priority: 10, ttl: 60 } },
    },
    {
      name: 'a text beside an IP address, as external-dns writes',
      value: `{${good},"text":"heritage=external-dns","targetstrip":1}`,
      reads: { addr, metadata: { text: 'heritage=external-dns', targetstrip: 1 } },
    },
    {
      name: 'a targetstrip beside a name',
      value: '{"host":"a.b","port":1,"targetstrip":1}',
      reads: /there is a targetstrip: CoreDNS answers another name/,
    },
    {
      name: 'a targetstrip of all labels, which has no effect, beside a name',
      value: '{"host":"a.b.","port":1,"targetstrip":2}',
      reads: { addr: 'a.b.:1', metadata: { targetstrip: 2 } },
    },
    {
      name: 'a text beside a name',
      value: '{"host":"a","port":1,"text":"t"}',
      reads: /answers only the text/,
    },
    { name: 'an empty text beside a name', value: '{"host":"a","port":1,"text":""}', reads: { addr: 'a:1' } },
    { name: 'only a text (TXT)', value: '{"ttl":60,"text":"a text"}', reads: undefined },
    {
      name: 'a mail server (MX)',
      value: '{"host":"mx.example.org","priority":5,"mail":true}',
      reads: undefined,
    },
    { name: 'a mail server with a port', value: `{${good},"mail":true}`, reads: undefined },
    { name: 'no member', value: '{}', reads: undefined },
    { name: 'null', value: 'null', reads: undefined },
    {
      name: 'a host without a port',
      value: `{${host}}`,
      reads: /no port; coreDns\(\) has the option defaultPort/,
    },
    { name: 'port 0', value: `{${host},"port":0}`, reads: /no port/ },
    { name: 'port -1', value: `{${host},"port":-1}`, reads: /port is -1, not a number from 0 to 65535/ },
    { name: 'a port over 65535', value: `{${host},"port":65536}`, reads: /port is 65536, not a number/ },
    {
      name: 'a port as text',
      value: `{${host},"port":"50051"}`,
      reads: /port is "50051", not a whole number/,
    },
    {
      name: 'a port with a fraction',
      value: `{${host},"port":1.0}`,
      reads: /port is 1.0, not a whole number/,
    },
    {
      name: 'a port with an exponent',
      value: `{${host},"port":1e3}`,
      reads: /port is 1e3, not a whole number/,
    },
    {
      name: 'a port over 64 bits',
      value: `{${host},"port":9223372036854775808}`,
      reads: /port is 9223372036854775808, not a whole number/,
    },
    {
      name: 'the greatest numbers',
      value: `{${good},"priority":65535,"weight":2147483647,"ttl":4294967295,"targetstrip":2147483647}`,
      reads: {
        addr,
        metadata: { priority: 65535, weight: 21474836.47, ttl: 4294967295, targetstrip: 2147483647 },
      },
    },
    { name: 'a weight over 31 bits', value: `{${good},"weight":2147483648}`, reads: /weight is 2147483648/ },
    {
      name: 'a text beside an IPv6 address with a zone, which is a name to CoreDNS',
      value: '{"host":"fe80::1%eth0","port":1,"text":"t"}',
      reads: /answers only the text/,
    },
    {
      name: 'an IPv6 address with a zone',
      value: '{"host":"fe80::1%eth0","port":1}',
      reads: { addr: '[fe80::1%eth0]:1' },
    },
    { name: 'a negative weight', value: `{${good},"weight":-1}`, reads: /weight is -1/ },
    { name: 'a negative ttl', value: `{${good},"ttl":-0}`, reads: /ttl is -0, not a number of seconds/ },
    { name: 'a ttl over 32 bits', value: `{${good},"ttl":4294967296}`, reads: /ttl is 4294967296/ },
    { name: 'a host that is a number', value: '{"host":7,"port":1}', reads: /host is 7, not a string/ },
    { name: 'mail that is a text', value: `{${good},"mail":"no"}`, reads: /mail is "no", not true or false/ },
    {
      name: 'a host with its port',
      value: '{"host":"10.0.0.7:50051","port":50051}',
      reads: /host '10.0.0.7:50051' cannot be dialled/,
    },
    { name: 'a host in brackets', value: '{"host":"[::1]","port":1}', reads: /cannot be dialled/ },
    {
      name: 'the host unix, which gRPC does not take for a host',
      value: '{"host":"unix","port":1}',
      reads: /cannot be dialled/,
    },
    { name: 'a URL as host', value: '{"host":"http://a","port":1}', reads: /cannot be dialled/ },
    {
      name: 'a host with a space',
      value: '{"host":"a b","port":1}',
      reads: /cannot be dialled: it has a space/,
    },
    { name: 'an empty host', value: '{"host":"","port":1}', reads: undefined },
    { name: 'names in another case', value: '{"HOST":"10.0.0.7","Port":50051}', reads: { addr } },
    {
      name: 'a name with a long s, which Go folds',
      value: '{"ho\u017ft":"10.0.0.7","port":50051}',
      reads: { addr },
    },
    {
      name: 'a name with a ligature, which Go does not fold',
      value: '{"ho\ufb06":"10.0.0.7","port":50051}',
      reads: undefined,
    },
    { name: 'members that are null', value: `{${good},"weight":null,"host":null}`, reads: { addr } },
    { name: 'a repeated member', value: `{"host":"a","port":70000,${good}}`, reads: { addr } },
    { name: 'a repeated member, reset', value: `{${good},"weight":7,"weight":0}`, reads: { addr } },
    {
      name: 'unknown members, such as key',
      value: `{${good},"key":"/x","__proto__":{"mail":true}}`,
      reads: { addr },
    },
    {
      name: 'a text that is not UTF-8',
      value: Buffer.from(`{${good},"text":"\xff\xfe"}`, 'latin1'),
      reads: { addr, metadata: { text: '\ufffd\ufffd' } },
    },
    {
      name: 'a host that is not UTF-8',
      value: Buffer.from('{"host":"\xff","port":1}', 'latin1'),
      reads: /cannot be dialled/,
    },
    {
      name: 'a text with half a surrogate pair',
      value: `{${good},"text":"\\ud800"}`,
      reads: { addr, metadata: { text: '\ufffd' } },
    },
    { name: 'no bytes', value: '', reads: /the value is not JSON: the end at character 0/ },
    { name: 'a bare address', value: addr, reads: /the value is not JSON/ },
    { name: 'a list', value: '[]', reads: /is not a JSON object/ },
    { name: 'the beginning of a value', value: `{${good}`, reads: /the value is not JSON: the end/ },
    {
      name: "an endpoint in Go's format",
      value: `{"Op":0,"Addr":"${addr}","Metadata":null}`,
      reads: undefined,
    },
    {
      name: 'a long text',
      value: `{${good},"text":"${'t'.repeat(1 << 20)}"}`,
      reads: { addr, metadata: { text: 't'.repeat(1 << 20) } },
    },
    { name: 'a very deep member', value: `{${good},"x":${'['.repeat(20_000)}}`, reads: /nested deeper than/ },
  ]);

  describe('with a default port', () => {
    itReads(coreDns({ defaultPort: 50051 }), service, [
      { name: 'is that of a host without a port', value: `{${host}}`, reads: { addr } },
      {
        name: 'is not that of a record with a port',
        value: `{${host},"port":1}`,
        reads: { addr: '10.0.0.7:1' },
      },
      { name: 'is not that of a mail server', value: `{${host},"mail":true}`, reads: undefined },
    ]);
  });
});

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
