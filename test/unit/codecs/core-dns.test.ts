import assert from 'node:assert/strict';
import { coreDns } from '#src/codecs/index.js';

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
