import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { advertiseAddress, NamingError } from '#src/naming/index.js';

describe('the address to advertise', () => {
  const env = 'ETCD_NAMING_TEST_HOST';
  const by = (host: string, port = 50_051) => {
    process.env[env] = host;
    return advertiseAddress(port, { env });
  };
  afterEach(() => {
    delete process.env[env];
  });

  it('comes from the environment variable', () => {
    assert.equal(by('10.1.2.3'), '10.1.2.3:50051');
    assert.equal(by('fd00::7'), '[fd00::7]:50051');
    assert.equal(by('pod-1.svc'), 'pod-1.svc:50051');
    assert.equal(by(' [fd00::7]\n'), '[fd00::7]:50051');
    assert.equal(by('::ffff:10.1.2.3'), '[::ffff:10.1.2.3]:50051');
    assert.equal(by('localhost.example.org'), 'localhost.example.org:50051');
  });

  for (const host of [
    ...['0.0.0.0', '0', '0.0', '127.0.0.1', '127.1', '127.9.9.9', 'localhost', 'LOCALHOST.', 'a.localhost'],
    ...['::', '::0', '0:0:0:0:0:0:0:0', '::1', '[::1]', '0:0:0:0:0:0:0:1'],
    ...['::ffff:127.0.0.1', '::FFFF:7f00:1', '::ffff:0.0.0.0'],
  ]) {
    it(`is not ${host}, each caller's own host`, () =>
      assert.throws(() => by(host), /it is each caller's own host/));
  }

  it('is not a link-local address', () => assert.throws(() => by('fe80::1'), /link-local/));

  for (const host of ['10.0.0.1,fd00::1', 'a b', 'http://a', 'a:1:2']) {
    it(`is not '${host}', which is not a host`, () =>
      assert.throws(
        () => by(host),
        (error) => error instanceof NamingError && /is not a host/.test(error.message),
      ));
  }

  for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
    it(`is rejected with the port ${port}`, () => assert.throws(() => by('10.1.2.3', port), /the port is/));
  }

  it('is rejected with a port that is a string', () => {
    assert.throws(() => by('10.1.2.3', '50051' as never), {
      message: /the port is '50051' \(string\); it must be the bound port, a number from 1 to 65535/,
    });
  });

  it('comes from a network interface if the environment variable is unset', function () {
    const [name, address] =
      Object.entries(networkInterfaces())
        .flatMap(([one, list]) => (list ?? []).map((of) => [one, of] as const))
        .find(([, { internal, family }]) => !internal && family === 'IPv4') ?? [];
    if (!name || !address) {
      console.error('skipped because this machine has no network: an interface’s address');
      this.skip();
    }
    assert.equal(advertiseAddress(1, { env, interface: name, family: 4 }), `${address.address}:1`);
  });

  it('is rejected with the name of the interface that has no address', () => {
    assert.throws(() => advertiseAddress(1, { env, interface: 'nosuch0' }), /nosuch0/);
  });
});
