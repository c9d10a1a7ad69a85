import assert from 'node:assert/strict';
import { optionsFromEnv } from '#src/client/from-env.js';
import { EtcdClient } from '#src/client/index.js';
import { InvalidInputError } from '#src/errors/index.js';
import { secretOf } from '../../support/canary.js';

describe("client options from etcdctl's variables", () => {
  it('are etcdctl’s defaults if no variable is set, or empty', () => {
    const defaults = { endpoints: ['127.0.0.1:2379'] };
    assert.deepEqual(optionsFromEnv({}), defaults);
    assert.deepEqual(
      optionsFromEnv({ ETCDCTL_ENDPOINTS: '', ETCDCTL_CACERT: '', ETCDCTL_USER: '' }),
      defaults,
    );
  });

  it('have every endpoint', () => {
    const { endpoints } = optionsFromEnv({ ETCDCTL_ENDPOINTS: 'https://a:2379, https://b:2379' });
    assert.deepEqual(endpoints, ['https://a:2379', 'https://b:2379']);
  });

  it('accept trailing commas and spaces in the endpoints, as etcdctl does', () => {
    for (const text of ['a:1,b:1,', ',a:1,b:1', 'a:1,,b:1', ' a:1 , b:1, ', 'a:1,b:1\n'])
      assert.deepEqual(optionsFromEnv({ ETCDCTL_ENDPOINTS: text }).endpoints, ['a:1', 'b:1'], text);
    assert.throws(
      () => optionsFromEnv({ ETCDCTL_ENDPOINTS: ' , ' }),
      /ETCDCTL_ENDPOINTS is ' , '; it has no endpoint/,
    );
  });

  it('have the certificate files', () => {
    const { tls } = optionsFromEnv({
      ETCDCTL_CACERT: '/tls/ca.pem',
      ETCDCTL_CERT: '/tls/cert.pem',
      ETCDCTL_KEY: '/tls/key.pem',
    });
    assert.deepEqual(tls, { caFile: '/tls/ca.pem', certFile: '/tls/cert.pem', keyFile: '/tls/key.pem' });
  });

  it('turn TLS on with INSECURE_TRANSPORT=false', () => {
    assert.deepEqual(optionsFromEnv({ ETCDCTL_INSECURE_TRANSPORT: 'false' }).tls, {});
    assert.equal(optionsFromEnv({ ETCDCTL_INSECURE_TRANSPORT: 'true' }).tls, undefined);
  });

  it('skip the verification of the server only with INSECURE_SKIP_TLS_VERIFY=true', () => {
    assert.deepEqual(optionsFromEnv({ ETCDCTL_INSECURE_SKIP_TLS_VERIFY: 'true' }).tls, {
      dangerouslySkipVerification: true,
    });
    assert.equal(optionsFromEnv({ ETCDCTL_INSECURE_SKIP_TLS_VERIFY: 'false' }).tls, undefined);
  });

  it('have user and password from one variable or from two', () => {
    const password = `${secretOf('env')}:with:colons`;
    const auth = { username: 'root', password };
    assert.deepEqual(optionsFromEnv({ ETCDCTL_USER: `root:${password}` }).auth, auth);
    assert.deepEqual(optionsFromEnv({ ETCDCTL_USER: 'root', ETCDCTL_PASSWORD: password }).auth, auth);
  });

  it('have a token instead of a user', () => {
    const { auth } = optionsFromEnv({ ETCDCTL_AUTH_JWT_TOKEN: 'a.b.c' });
    assert.ok(auth && 'tokenProvider' in auth);
    assert.equal(auth.tokenProvider({ signal: AbortSignal.timeout(1) }), 'a.b.c');
  });

  it('have durations in Go’s syntax, and ping no more often than etcd allows', () => {
    const options = optionsFromEnv({
      ETCDCTL_DIAL_TIMEOUT: '2s',
      ETCDCTL_COMMAND_TIMEOUT: '1m30.5s',
      ETCDCTL_KEEPALIVE_TIME: '2s',
      ETCDCTL_KEEPALIVE_TIMEOUT: '600ms',
    });
    assert.equal(options.connectTimeoutMs, 2_000);
    assert.equal(options.timeoutMs, 90_500);
    assert.equal(options.keepaliveTimeMs, 5_000);
    assert.equal(options.keepaliveTimeoutMs, 600);
  });

  it('accept all of Go’s durations, with 0 for the default, up to the limit of timers', () => {
    const times = { '.5s': 500, '+5s': 5_000, '1us': 1, '600h': 2 ** 31 - 1, '1h1m': 3_660_000 };
    for (const [text, ms] of Object.entries(times)) {
      assert.equal(optionsFromEnv({ ETCDCTL_COMMAND_TIMEOUT: text }).timeoutMs, ms, text);
      assert.equal(optionsFromEnv({ ETCDCTL_DIAL_TIMEOUT: text }).connectTimeoutMs, ms, text);
      assert.equal(optionsFromEnv({ ETCDCTL_KEEPALIVE_TIMEOUT: text }).keepaliveTimeoutMs, ms, text);
    }
    for (const name of ['DIAL_TIMEOUT', 'KEEPALIVE_TIME', 'KEEPALIVE_TIMEOUT'])
      assert.deepEqual(Object.keys(optionsFromEnv({ [`ETCDCTL_${name}`]: '0' })), ['endpoints']);
    for (const text of ['0', '0s', '-1s'])
      assert.throws(() => optionsFromEnv({ ETCDCTL_COMMAND_TIMEOUT: text }), /ETCDCTL_COMMAND_TIMEOUT is/);
  });

  it('have limits in bytes, with 0 for the default', () => {
    const options = optionsFromEnv({ ETCDCTL_MAX_REQUEST_BYTES: '1000', ETCDCTL_MAX_RECV_BYTES: '0' });
    assert.equal(options.maxRequestBytes, 1_000);
    assert.equal(options.maxReceiveBytes, undefined);
  });

  it('have a domain for SRV records instead of endpoints, whose targets are trusted unless that is turned off', () => {
    const env = { ETCDCTL_ENDPOINTS: 'a:1', ETCDCTL_DISCOVERY_SRV: 'a.test' };
    assert.deepEqual(optionsFromEnv(env), { discovery: { srv: 'a.test', insecure: true } });
    assert.deepEqual(
      optionsFromEnv({ ...env, ETCDCTL_DISCOVERY_SRV_NAME: 'blue', ETCDCTL_INSECURE_DISCOVERY: 'false' }),
      { discovery: { srv: 'a.test', serviceName: 'blue', insecure: false } },
    );
  });

  const refused: readonly (readonly [name: string, env: Record<string, string>])[] = [
    ['ETCDCTL_COMMAND_TIMEOUT', { ETCDCTL_COMMAND_TIMEOUT: '5' }],
    ['ETCDCTL_DIAL_TIMEOUT', { ETCDCTL_DIAL_TIMEOUT: 'soon' }],
    ['ETCDCTL_MAX_RECV_BYTES', { ETCDCTL_MAX_RECV_BYTES: '-1' }],
    ['ETCDCTL_INSECURE_TRANSPORT', { ETCDCTL_INSECURE_TRANSPORT: 'perhaps' }],
    ['ETCDCTL_DISCOVERY_SRV', { ETCDCTL_DISCOVERY_SRV_NAME: 'blue' }],
    [
      'ETCDCTL_INSECURE_DISCOVERY',
      { ETCDCTL_DISCOVERY_SRV: 'a.test', ETCDCTL_INSECURE_DISCOVERY: 'perhaps' },
    ],
    ['ETCDCTL_PASSWORD', { ETCDCTL_USER: 'root' }],
    ['ETCDCTL_AUTH_JWT_TOKEN', { ETCDCTL_USER: 'root:x', ETCDCTL_AUTH_JWT_TOKEN: 'a.b.c' }],
  ];
  for (const [name, env] of refused) {
    it(`are refused with the variable's name: ${Object.keys(env).join(' and ')}`, () => {
      assert.throws(
        () => optionsFromEnv(env),
        (error) => error instanceof InvalidInputError && error.message.includes(name),
      );
    });
  }

  it('name no domain when fromEnv is given endpoints, and no endpoints when it is given a domain', async () => {
    const endpoints = ['127.0.0.1:2379'];
    await EtcdClient.fromEnv({ endpoints }, { ETCDCTL_DISCOVERY_SRV: 'not a domain' }).close();
    const discovery = { srv: 'a.test' };
    await EtcdClient.fromEnv({ discovery }, { ETCDCTL_ENDPOINTS: 'not an endpoint' }).close();
  });

  it('are overridden by the options of fromEnv', async () => {
    const env = { ETCDCTL_ENDPOINTS: 'not an endpoint' };
    assert.throws(() => EtcdClient.fromEnv({}, env), InvalidInputError);
    await EtcdClient.fromEnv({ endpoints: ['127.0.0.1:2379'] }, env).close();
  });
});
