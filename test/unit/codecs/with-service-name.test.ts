import assert from 'node:assert/strict';
import { goZero, withServiceName } from '#src/codecs/index.js';
import { recordFormat } from '#src/naming/codec/format-of.js';
import type { EndpointCodec } from '#src/naming/index.js';

/** A codec whose every member says what it was called with. */
const asked: EndpointCodec = {
  name: 'asked',
  variant: 'b',
  keyPrefix: (service) => `/${service}/`,
  decode: ({ service, key, id, value }) => ({ addr: [service, key, id, value].join() }),
  encode: ({ addr }, { service, key, id }) => [addr, service, key, id].join(),
  defaultId: (addr) => `id of ${addr}`,
  serviceOf: (key) => `service of ${key}`,
  canDrain: false,
  root: '/',
};
const place = { service: 'user', key: '/user.rpc/1', id: '1' };

describe('a codec for services with another name', () => {
  const codec = withServiceName(asked, (service) => `${service}.rpc`);

  it('passes the other name to the codec', () => {
    assert.equal(codec.keyPrefix('user'), '/user.rpc/');
    const value = Buffer.from('x');
    assert.deepEqual(codec.decode({ ...place, value }), { addr: 'user.rpc,/user.rpc/1,1,x' });
    assert.equal(codec.encode?.({ addr: 'a:1' }, place), 'a:1,user.rpc,/user.rpc/1,1');
  });

  it('has all other members of the codec', () => {
    const { name, variant, canDrain, root } = codec;
    assert.deepEqual([name, variant, canDrain, root], ['asked', 'b', false, '/']);
    assert.equal(codec.defaultId?.('a:1'), 'id of a:1');
    assert.equal(codec.serviceOf?.('k'), 'service of k');
  });

  it('has no members that the codec does not have', () => {
    const { name, keyPrefix, decode } = asked;
    assert.deepEqual(Object.keys(withServiceName({ name, keyPrefix, decode }, String)), [
      'name',
      'keyPrefix',
      'decode',
    ]);
  });

  it('is refused without a codec or a function', () => {
    const given = (value: unknown) => value as never;
    assert.throws(() => withServiceName(given(goZero), String), /codec is .* call the function/);
    assert.throws(() => withServiceName(asked, given('rpc')), /toName is 'rpc'/);
  });

  for (const name of ['', undefined, null, 7, Promise.resolve('user.rpc')])
    it(`refuses ${name instanceof Promise ? 'a promise' : JSON.stringify(name)} for a name`, () => {
      const renamed = withServiceName(asked, () => name as never);
      const refused = { name: 'NamingError', message: /toName returned .* for 'user', not a name$/ };
      assert.throws(() => renamed.keyPrefix('user'), refused);
      assert.throws(() => renamed.decode({ ...place, value: Buffer.from('x') }), refused);
      assert.throws(() => renamed.encode?.({ addr: 'a:1' }, place), refused);
    });

  it('handles the rejection of a promise for a name', async () => {
    const renamed = withServiceName(asked, () => Promise.reject(new Error('late')) as never);
    assert.throws(() => renamed.keyPrefix('user'), /toName returned a promise for 'user', not a name/);
    await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would fail the test
  });

  it('reads and writes the records of the other name', () => {
    const format = recordFormat(
      'user',
      withServiceName(goZero(), (service) => `${service}.rpc`),
    );
    const key = 'user.rpc/7587';
    assert.equal(format.prefix, 'user.rpc/');
    assert.equal(String(format.encode(key, { addr: '10.0.0.7:80' })), '10.0.0.7:80');
    assert.deepEqual(format.decode(key, Buffer.from('10.0.0.7:80')), {
      addr: '10.0.0.7:80',
      codec: 'go-zero',
    });
  });
});
