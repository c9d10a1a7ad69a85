import assert from 'node:assert/strict';
import { Channel, credentials, experimental } from '@grpc/grpc-js';
import fc from 'fast-check';
import { channelTarget } from '#src/naming/grpc/index.js';
import { defaultAuthority } from '#src/naming/grpc/resolver/scheme.js';
import { serviceOf, splitTarget, type TargetUri } from '#src/naming/target/index.js';
import { unproxied } from '../../support/proxy.js';

/** Targets as grpc-js splits them and passes them to a resolver. */
let parsed: TargetUri | undefined;

class Capture implements experimental.Resolver {
  static getDefaultAuthority(target: TargetUri): string {
    parsed = target;
    return 'localhost';
  }

  updateResolution(): void {}
  destroy(): void {}
}

function parse(target: string): TargetUri {
  experimental.registerResolver('etcd', Capture);
  parsed = undefined;
  new Channel(target, credentials.createInsecure(), unproxied).close();
  assert.ok(parsed, `grpc-js does not read '${target}'`);
  return parsed;
}

describe('the service of a dialled target', () => {
  for (const [target, service] of [
    ['etcd:///foo', 'foo'],
    ['etcd:foo', 'foo'],
    ['etcd:/foo', 'foo'],
    ['etcd:///foo/bar/svc', 'foo/bar/svc'],
    ['etcd:foo/bar/svc', 'foo/bar/svc'],
    ['etcd:///foo/', 'foo/'],
    ['etcd:////foo', '/foo'],
    ['etcd:///foo%20x?y=1#z', 'foo x'],
    ['etcd:///foo#z?y', 'foo'],
    ['etcd:///a%2Fb', 'a/b'],
    ['etcd:///caf%C3%A9', 'café'],
    ['etcd:///a%3Fb%23c', 'a?b#c'],
    ['etcd:///a+b', 'a+b'],
    ['etcd:////', '/'],
  ] as const) {
    it(`is the same as Go's: ${JSON.stringify(target)} names '${service}'`, () => {
      assert.equal(serviceOf(parse(target), false), service);
    });
  }

  it('starts with an authority that selects no client, as in etcd’s guide and unlike Go', () => {
    assert.equal(serviceOf(parse('etcd://foo/bar/svc'), false), 'foo/bar/svc');
    assert.equal(serviceOf(parse('etcd://foo/bar/svc'), true), 'bar/svc');
    assert.equal(serviceOf(parse('etcd://foo'), false), 'foo');
    assert.equal(serviceOf(parse('etcd://foo/'), false), 'foo');
  });

  for (const [target, authorityIsClient] of [
    ['etcd:///', false],
    ['etcd:/', false],
    ['etcd:///?x=1', false],
    ['etcd://prod', true],
    ['etcd://prod/', true],
  ] as const) {
    it(`is rejected if it is empty: '${target}'`, () => {
      assert.throws(() => serviceOf(parse(target), authorityIsClient), {
        name: 'NamingError',
        message: /^INVALID_ARGUMENT: invalid target: .* names no service$/,
      });
    });
  }

  for (const target of ['etcd:///foo%', 'etcd:///foo%2', 'etcd:///foo%zz', 'etcd:///foo%ff']) {
    it(`is rejected with an invalid percent escape: '${target}'`, () => {
      assert.throws(() => serviceOf(parse(target), false), {
        name: 'NamingError',
        message: /invalid target: .* has an invalid percent escape/,
      });
    });
  }
});

describe('the authority of calls', () => {
  for (const [target, authority] of [
    ['etcd:///foo', 'foo'],
    ['etcd:///foo/bar/my-service', 'my-service'],
    ['etcd://prod/foo/my-service', 'my-service'],
    ['etcd://foo', 'foo'],
    ['etcd:///foo/', 'foo'],
    ['etcd:///foo?x=/y#/z', 'foo'],
    ['etcd:///foo%20bar', 'foo-20bar'],
    ['etcd:///a_b.c', 'a_b.c'],
    ['etcd:///', 'etcd'],
    ['etcd:////', 'etcd'],
    ['etcd:///ünï', 'n'],
    ['etcd:///日本', 'etcd'],
  ] as const) {
    it(`is a bare host name: '${target}' gives '${authority}'`, () => {
      assert.equal(defaultAuthority(parse(target)), authority);
    });
  }

  /** Checks that grpc-js can build a URL from it, and that a Node server accepts it as a host. */
  const legal = (authority: string) =>
    /^[A-Za-z0-9._-]+$/.test(authority) && URL.canParse(`http://${authority}`);

  for (const last of [
    'v1',
    'v1.2',
    '2024',
    '1.2.3.4.5',
    '0x',
    '08',
    'a.0x1',
    '..',
    '-',
    '%',
    ':80',
    'u@h',
    '[::1]',
  ]) {
    it(`is legal when the service ends in '${last}'`, () => {
      assert.ok(
        legal(defaultAuthority({ path: `/foo/${last}` })),
        defaultAuthority({ path: `/foo/${last}` }),
      );
    });
  }

  for (const last of ['xn--a', 'a.xn--zz', 'XN--0']) {
    it(`is legal when the service ends in invalid punycode: '${last}'`, () => {
      assert.ok(
        legal(defaultAuthority({ path: `/foo/${last}` })),
        defaultAuthority({ path: `/foo/${last}` }),
      );
    });
  }

  it('is legal for any service name', () => {
    const name = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.stringMatching(/^[0-9a-fx.%:/-]*$/));
    const property = fc.property(name, fc.option(name, { nil: undefined }), (path, authority) => {
      assert.ok(legal(defaultAuthority({ path, authority })), defaultAuthority({ path, authority }));
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});

describe('the target that dials a service', () => {
  it('is parsed back to the same service, for any name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (service) => {
        assert.equal(serviceOf(parse(channelTarget(service).target), false), service);
      }),
    );
    for (const service of ['a/b', '/a', 'a//b', 'a/', '/', '../a', 'a?b#c', '100%', 'a b', 'caf\u00e9', '\0'])
      assert.equal(serviceOf(parse(channelTarget(service).target), false), service);
  });

  it('contains the given authority', () => {
    const { target } = channelTarget('a/b', { authority: 'prod', scheme: 'etcd' });
    const uri = parse(target);
    assert.equal(splitTarget(uri).authority, 'prod');
    assert.equal(serviceOf(uri, true), 'a/b');
  });

  it('sets the server name in every option that grpc-js reads', () => {
    assert.deepEqual(channelTarget('a', { serverName: 'a.internal' }).options, {
      'grpc.enable_http_proxy': 0,
      'grpc.default_authority': 'a.internal',
      'grpc.ssl_target_name_override': 'a.internal',
    });
  });

  it('is rejected without a service, and with an authority that is invalid in a URI', () => {
    assert.throws(() => channelTarget(''), /invalid target/);
    assert.throws(() => channelTarget('a', { authority: 'a/b' }), /authority 'a\/b'/);
  });
});
