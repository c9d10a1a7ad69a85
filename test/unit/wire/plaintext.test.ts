import assert from 'node:assert/strict';
import { createClient } from '#src/cli/args/connection.js';
import { ParsedOptions } from '#src/cli/args/options.js';
import { exitCodeOf } from '#src/cli/errors.js';
import { exitCodes } from '#src/cli/exit-codes.js';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { InvalidInputError } from '#src/errors/index.js';
import { secretOf } from '../../support/canary.js';

const password = secretOf('plaintext');
const user = { username: 'u', password };
const token = { tokenProvider: () => password };

const construct = (options: EtcdClientOptions) => void new EtcdClient(options).close();

function refuses(construct: () => void, named: RegExp): void {
  assert.throws(construct, (error: Error) => {
    assert.ok(error instanceof InvalidInputError, `${error.name}: ${error.message}`);
    assert.match(error.message, named);
    assert.ok(!error.message.includes(password));
    return true;
  });
}

describe('a password or token', () => {
  const remote = [
    '10.0.0.1:1',
    'http://etcd:1',
    '[fd00::1]:1',
    '0.0.0.0:1',
    'a.localhost:1',
    '127.0.0.1.nip.io:1',
    '127.0.0.1.:1', // an address to a URL parser, a name to the system's resolver
    '127.0x:1',
  ];
  for (const endpoint of remote) {
    for (const [what, auth] of Object.entries({ user, token })) {
      it(`(${what}) is not sent in plaintext to ${endpoint}, and the error names the options that permit it`, () => {
        for (const endpoints of [[endpoint], ['127.0.0.1:1', endpoint]]) {
          refuses(
            () => construct({ endpoints, auth }),
            new RegExp(`plaintext to '${endpoint.replace(/[[\]]/g, '\\$&')}'`),
          );
          refuses(() => construct({ endpoints, auth }), /https:\/\/ or tls.*auth\.allowPlaintext: true/);
          refuses(
            () => construct({ endpoints, auth }),
            /ETCDCTL_INSECURE_TRANSPORT=true.*--insecure-transport/,
          );
        }
        // A client without TLS uses plaintext, whatever the spelling of the endpoint.
        refuses(() => construct({ endpoints: [endpoint], auth, tls: undefined } as never), /in plaintext/);
        refuses(() => construct({ endpoints: [endpoint], auth, tls: null } as never), /tls is null/);
        construct({ endpoints: [endpoint], auth: { ...auth, allowPlaintext: true } });
      });
    }
  }

  it('is sent over TLS to any host, and in plaintext only to loopback and unix sockets', () => {
    for (const endpoint of ['https://etcd:1', 'unixs:/run/etcd', 'unix:/run/etcd', 'unix:etcd.internal:1'])
      construct({ endpoints: [endpoint], auth: user });
    for (const endpoint of ['127.0.0.1:1', 'localhost:1', 'http://LOCALHOST.:1', '127.1:1', '[::1]:1'])
      construct({ endpoints: [endpoint], auth: user });
    construct({ endpoints: ['etcd:1'], auth: user, tls: {} });
  });

  it('is not sent if the permission is not a boolean', () => {
    const auth = { ...user, allowPlaintext: 'yes' as never };
    refuses(() => construct({ endpoints: ['10.0.0.1:1'], auth }), /auth\.allowPlaintext is 'yes' \(string\)/);
  });

  it('of the environment is sent in plaintext if the environment permits it', () => {
    const env = { ETCDCTL_ENDPOINTS: '10.0.0.1:1', ETCDCTL_USER: `u:${password}` };
    const jwt = { ETCDCTL_ENDPOINTS: '10.0.0.1:1', ETCDCTL_AUTH_JWT_TOKEN: password };
    for (const one of [env, { ...env, ETCDCTL_USER: 'u', ETCDCTL_PASSWORD: password }, jwt]) {
      refuses(() => void EtcdClient.fromEnv({}, one).close(), /ETCDCTL_INSECURE_TRANSPORT=true/);
      void EtcdClient.fromEnv({}, { ...one, ETCDCTL_INSECURE_TRANSPORT: 'true' }).close();
    }
  });

  it('of the command is sent in plaintext with its flag, and is a usage error without it', () => {
    const env = { ETCDCTL_ENDPOINTS: '10.0.0.1:1', ETCDCTL_USER: `u:${password}` };
    const flagged = (values: Record<string, boolean>) =>
      void createClient(new ParsedOptions(values), env).close();
    assert.throws(
      () => flagged({}),
      (error: Error) =>
        exitCodeOf(error) === exitCodes.usage &&
        /in plaintext to '10\.0\.0\.1:1'.*--insecure-transport/.test(error.message) &&
        !error.message.includes(password),
    );
    flagged({ 'insecure-transport': true });
    flagged({ 'insecure-transport': false }); // TLS
  });
});
