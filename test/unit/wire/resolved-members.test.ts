import assert from 'node:assert/strict';
import { parseEndpoints } from '#src/wire/index.js';
import { nameOf, resolveMember } from '#src/wire/member/resolved-members.js';

function resolve(endpoint: string, addresses: readonly string[] | undefined, failure?: string) {
  const [member] = parseEndpoints([endpoint]).members;
  return resolveMember(member!, { addressesOf: () => addresses, failureOf: () => failure });
}

const endpointsOf = (endpoint: string, addresses: readonly string[]) =>
  resolve(endpoint, addresses).map((member) => member.endpoint);

describe('the name of an endpoint', () => {
  const rows: readonly (readonly [endpoint: string, name: string | undefined])[] = [
    ['etcd:2379', 'etcd'],
    ['https://etcd.test.:2379', 'etcd.test.'],
    ['10.0.0.1:2379', undefined],
    ['[fd00::1]:2379', undefined],
    ['localhost:2379', undefined],
    ['LOCALHOST:2379', undefined],
    ['a.localhost:2379', undefined],
    ['127.1:2379', undefined],
    ['unix:/run/etcd', undefined],
  ];
  for (const [endpoint, name] of rows)
    it(`${endpoint} ${name === undefined ? 'is not resolved' : `is ${name}`}`, () => {
      assert.equal(nameOf(parseEndpoints([endpoint]).members[0]!), name);
    });
});

describe('an endpoint with a name', () => {
  it('is a member that cannot be dialled until the name is resolved', () => {
    const [unknown] = resolve('etcd:1', undefined);
    assert.equal(unknown?.unresolved?.(), 'the name etcd is not resolved yet');
    assert.equal(resolve('etcd:1', undefined, 'ENOTFOUND')[0]?.unresolved?.(), 'ENOTFOUND');
  });

  it('with one address is one member, which is dialled there and keeps its names', () => {
    const [member, ...others] = resolve('https://etcd.test:1', ['10.0.0.1']);
    assert.deepEqual(others, []);
    assert.deepEqual(member, {
      endpoint: 'https://etcd.test:1',
      address: '10.0.0.1:1',
      target: 'etcd-naming-addresses:10.0.0.1:1',
      socket: { host: '10.0.0.1', port: 1 },
      host: 'etcd.test',
      authority: 'etcd.test:1',
      tls: true,
    });
  });

  it('with an address of each family is one member with both', () => {
    const [member, ...others] = resolve('etcd:1', ['fd00::1', '10.0.0.1']);
    assert.deepEqual(others, []);
    assert.equal(member?.endpoint, 'etcd:1');
    assert.equal(member?.target, 'etcd-naming-addresses:[fd00::1]:1,10.0.0.1:1');
  });

  it('with several addresses is as many members, in an order that does not depend on that of DNS', () => {
    for (const addresses of [
      ['10.0.0.2', '10.0.0.1'],
      ['10.0.0.1', '10.0.0.2'],
    ]) {
      assert.deepEqual(endpointsOf('https://etcd:1', addresses), [
        'https://10.0.0.1:1',
        'https://10.0.0.2:1',
      ]);
      for (const member of resolve('https://etcd:1', addresses))
        assert.deepEqual([member.host, member.authority], ['etcd', 'etcd:1']);
    }
  });

  it('with several addresses of both families uses the family of the first', () => {
    assert.deepEqual(endpointsOf('etcd:1', ['10.0.0.2', '10.0.0.1', 'fd00::1']), [
      '10.0.0.1:1',
      '10.0.0.2:1',
    ]);
    assert.deepEqual(endpointsOf('etcd:1', ['fd00::2', '10.0.0.1', 'fd00::1']), [
      '[fd00::1]:1',
      '[fd00::2]:1',
    ]);
  });

  it('is at most 32 members', () => {
    const addresses = Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`);
    assert.equal(endpointsOf('etcd:1', addresses).length, 32);
  });
});
