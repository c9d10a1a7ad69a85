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

  it('is the environment’s', () => {
    assert.equal(by('10.1.2.3'), '10.1.2.3:50051');
    assert.equal(by('fd00::7'), '[fd00::7]:50051');
    assert.equal(by('pod-1.svc'), 'pod-1.svc:50051');
  });

  for (const host of ['0.0.0.0', '::', '127.0.0.1', '::1', 'localhost']) {
    it(`is not ${host}, which is each caller's own`, () => assert.throws(() => by(host), NamingError));
  }

  for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
    it(`has no port ${port}`, () => assert.throws(() => by('10.1.2.3', port), /the port is/));
  }

  it('is a network interface’s where the environment says nothing', function () {
    const [name, address] =
      Object.entries(networkInterfaces())
        .flatMap(([one, list]) => (list ?? []).map((of) => [one, of] as const))
        .find(([, { internal, family }]) => !internal && family === 'IPv4') ?? [];
    if (!name || !address) {
      console.error('skipped, since this machine has no network: an interface’s address');
      this.skip();
    }
    assert.equal(advertiseAddress(1, { env, interface: name, family: 4 }), `${address.address}:1`);
  });

  it('says which interface has none', () => {
    assert.throws(() => advertiseAddress(1, { env, interface: 'nosuch0' }), /nosuch0/);
  });
});
