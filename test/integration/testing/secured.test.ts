import assert from 'node:assert/strict';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import {
  type EtcdHandle,
  type EtcdPermission,
  EtcdStartError,
  type StartEtcdOptions,
  startEtcd,
  startFaultProxy,
} from '#src/testing/index.js';
import { registerSecret, secretOf } from '../../support/canary.js';
import { skipIfExternal, useEtcd } from '../../support/etcd.js';

const password = secretOf('user of the test kit');
const roles: Readonly<Record<string, readonly EtcdPermission[]>> = {
  app: [
    { access: 'readwrite', prefix: 'app/' },
    { access: 'read', key: 'config' },
  ],
  writer: [{ access: 'write', prefix: '' }],
};
const auth = {
  rootPassword: secretOf('root of the test kit'),
  roles,
  users: { app: { password, roles: ['app'] }, idle: { password } },
};

/** Calls back with a client and closes it. */
async function withClient<T>(
  options: EtcdClientOptions,
  use: (client: EtcdClient) => Promise<T>,
): Promise<T> {
  await using client = new EtcdClient({ timeoutMs: 5_000, ...options });
  return await use(client);
}

const put = (options: EtcdClientOptions, key: string) =>
  withClient(options, ({ kv }) => kv.put(key, 'value'));
const get = (options: EtcdClientOptions, key: string) =>
  withClient(options, async ({ kv }) => (await kv.get(key)).kv?.value.toString());

/** The facts that hold however an etcd is secured. */
function survivesOperations(etcd: () => EtcdHandle): void {
  it('has metrics', async () => {
    assert.equal(typeof (await etcd().metric('etcd_debugging_mvcc_watcher_total')), 'number');
  });

  it('compacts', async () => {
    await put(etcd().clientOptions, 'a');
    const revision = await etcd().compact();
    assert.ok(revision >= 2n);
    assert.equal(await etcd().compact(revision), revision);
  });

  it('has the same keys, certificates and users after a pause, a stop, a kill and a restart', async () => {
    const options = etcd().clientOptions;
    await put(options, 'kept');
    await etcd().pause();
    await etcd().resume();
    await etcd().stop();
    await etcd().restart();
    await etcd().kill();
    await etcd().restart();
    assert.equal(await get(options, 'kept'), 'value');
    assert.deepEqual(etcd().clientOptions, options);
  });

  it('has no keys, and the same certificates and users, after a wipe', async () => {
    const options = etcd().clientOptions;
    await put(options, 'gone');
    await etcd().wipe();
    assert.equal(await get(options, 'gone'), undefined);
    assert.deepEqual(etcd().clientOptions, options);
  });
}

/** Starts an etcd, and registers the keys and passwords of its clients as secrets. */
function useSecuredEtcd(options: StartEtcdOptions): () => EtcdHandle {
  const etcd = useEtcd(options);
  before(() => {
    const { tls, auth: user } = etcd().clientOptions;
    for (const secret of [tls?.key, user?.password]) if (secret !== undefined) registerSecret(secret);
  });
  return etcd;
}

describe('an etcd with TLS', () => {
  const etcd = useSecuredEtcd({ tls: {} });

  it('is used with its client options', async () => {
    const { endpoints, tls, auth: user } = etcd().clientOptions;
    assert.deepEqual(endpoints, etcd().endpoints);
    assert.deepEqual(Object.keys(tls ?? {}), ['ca']);
    assert.equal(user, undefined);
    await put(etcd().clientOptions, 'a');
  });

  it('refuses plaintext, and is not trusted without its authority', async () => {
    const { endpoints } = etcd();
    await assert.rejects(put({ endpoints, timeoutMs: 1_000 }, 'a'), /TLS/i);
    await assert.rejects(put({ endpoints, tls: {}, timeoutMs: 1_000 }, 'a'), /certificate/);
  });

  it('has a certificate for localhost and loopback, also behind a proxy', async () => {
    await using proxy = await startFaultProxy({ target: etcd().endpoints[0]! });
    const { tls } = etcd().clientOptions;
    await put({ endpoints: [proxy.endpoint], tls: tls! }, 'a');
    await put({ endpoints: [etcd().endpoints[0]!.replace('127.0.0.1', 'localhost')], tls: tls! }, 'a');
  });

  survivesOperations(etcd);
});

describe('an etcd that requires client certificates', () => {
  const etcd = useSecuredEtcd({ tls: { clientCertificates: true } });

  it('is used with its client options, which have a certificate', async () => {
    assert.deepEqual(Object.keys(etcd().clientOptions.tls ?? {}), ['ca', 'cert', 'key']);
    await put(etcd().clientOptions, 'a');
  });

  it('refuses a client without a certificate', async () => {
    const { endpoints, tls } = etcd().clientOptions;
    await assert.rejects(put({ endpoints, tls: { ca: tls!.ca }, timeoutMs: 1_000 }, 'a'), /certificate/);
  });
});

for (const [secured, tls] of Object.entries({
  'without TLS': undefined,
  'with TLS': {},
  'with client certificates': { clientCertificates: true },
}))
  describe(`an etcd with users, ${secured}`, () => {
    const etcd = useSecuredEtcd({ auth, ...(tls && { tls }) });

    it('gives root everything', async () => {
      assert.equal(etcd().clientOptions.auth?.username, 'root');
      await put(etcd().clientOptions, 'config');
      assert.equal(await get(etcd().clientOptions, 'config'), 'value');
    });

    const refused = { name: 'PermissionDeniedError' };

    it('gives a user what its roles permit, and nothing else', async () => {
      const options = etcd().clientOptionsOf('app');
      await put(options, 'app/a');
      assert.equal(await get(options, 'app/a'), 'value');
      await get(options, 'config');
      await assert.rejects(put(options, 'config'), refused);
      await assert.rejects(get(options, 'config/below'), refused);
      await assert.rejects(put(options, 'apq'), refused);
    });

    it('gives a user without roles nothing', async () => {
      await assert.rejects(get(etcd().clientOptionsOf('idle'), 'app/a'), refused);
    });

    it('refuses a wrong password', async () => {
      const options = etcd().clientOptionsOf('app');
      const wrong = { ...options, auth: { ...options.auth!, password: secretOf('wrong') } };
      await assert.rejects(put(wrong, 'app/a'), { name: 'UnauthenticatedError' });
    });

    it('knows no other user', () => {
      assert.throws(
        () => etcd().clientOptionsOf('other'),
        /: user 'other' is not in auth.users; known are root, app, idle$/,
      );
    });

    it('has its users after a wipe and after a restart', async () => {
      for (const operation of ['wipe', 'restart'] as const) {
        await etcd()[operation]();
        await put(etcd().clientOptionsOf('app'), 'app/a');
        await assert.rejects(put(etcd().clientOptionsOf('app'), 'other'), refused);
      }
    });

    if (secured !== 'with TLS') survivesOperations(etcd);
  });

describe('an etcd with root alone', () => {
  const etcd = useSecuredEtcd({ auth: {} });

  it('has a random password', async () => {
    const { username, password: random } = etcd().clientOptions.auth!;
    assert.equal(username, 'root');
    assert.match(random, /^[0-9a-f]{32}$/);
    await put(etcd().clientOptions, 'a');
    await assert.rejects(put({ endpoints: etcd().endpoints }, 'a'), { name: 'UnauthenticatedError' });
  });
});

describe('a user without a password', () => {
  const etcd = useSecuredEtcd({
    tls: { clientCertificates: true },
    auth: { roles, users: { app: { roles: ['app'] } } },
  });

  it('is identified by its certificate', async () => {
    const options = etcd().clientOptionsOf('app');
    registerSecret(options.tls!.key!);
    assert.equal(options.auth, undefined);
    await put(options, 'app/a');
    await assert.rejects(put(options, 'other'), { name: 'PermissionDeniedError' });
  });
});

describe('a password of 72 bytes', () => {
  const longest = secretOf('longest').padEnd(70, 'x').concat('ä');
  registerSecret(longest);
  const etcd = useSecuredEtcd({ auth: { rootPassword: longest } });

  it('is taken', async () => {
    await put(etcd().clientOptions, 'a');
  });
});

describe('a permission whose other member is undefined', () => {
  /** Without `exactOptionalPropertyTypes`, the compiler accepts them. */
  const both = [
    { access: 'readwrite', prefix: 'app/', key: undefined },
    { access: 'readwrite', key: 'config', prefix: undefined },
  ] as unknown as EtcdPermission[];
  const etcd = useSecuredEtcd({
    auth: { roles: { app: both }, users: { app: { password, roles: ['app'] } } },
  });

  it('is for the given one', async () => {
    const options = etcd().clientOptionsOf('app');
    for (const key of ['app/a', 'config']) await put(options, key);
    for (const key of ['a', 'config/below'])
      await assert.rejects(put(options, key), { name: 'PermissionDeniedError' });
  });
});

describe('options that the caller changes after the start', () => {
  const changed = {
    tls: { clientCertificates: true },
    auth: {
      rootPassword: secretOf('unchanged root'),
      roles: { app: [{ access: 'readwrite' as const, prefix: 'app/' }] },
      users: { app: { password: secretOf('unchanged'), roles: ['app'] } } as Record<string, object>,
    },
    args: ['--max-request-bytes', '1000'],
  };
  const etcd = useSecuredEtcd(changed);

  it('have no effect, also after a wipe', async () => {
    const options = [etcd().clientOptions, etcd().clientOptionsOf('app')];
    changed.auth.rootPassword = secretOf('changed root');
    changed.auth.roles.app.length = 0;
    delete changed.auth.users['app'];
    changed.tls.clientCertificates = false;
    changed.args.splice(0, 2, '--no-such-flag');
    await etcd().wipe();
    assert.deepEqual([etcd().clientOptions, etcd().clientOptionsOf('app')], options);
    await put(etcd().clientOptionsOf('app'), 'app/a');
    await assert.rejects(put(etcd().clientOptionsOf('app'), 'app/a'.repeat(1_000)), /request is too large/);
  });

  it('include what the handle returned', async () => {
    type Changeable = { endpoints: string[]; tls: { ca: string }; auth: { password: string } };
    const options = etcd().clientOptions;
    const copy = structuredClone(options);
    const changeable = options as unknown as Changeable;
    changeable.endpoints.push('127.0.0.1:1');
    changeable.tls.ca = changeable.auth.password = '';
    assert.deepEqual(etcd().clientOptions, copy);
    assert.deepEqual(etcd().endpoints, copy.endpoints);
  });
});

describe('users that etcd does not accept', () => {
  before(function () {
    skipIfExternal(this);
  });

  const long = 'x'.repeat(400);
  const small = { args: ['--max-request-bytes', '300'] };
  const cases: Readonly<Record<string, readonly [options: StartEtcdOptions, step: RegExp]>> = {
    'a role': [{ ...small, auth: { roles: { [long]: [] } } }, /auth\.roles\.x+ was not created/],
    'a permission': [
      { ...small, auth: { roles: { app: [{ access: 'read', key: long }] } } },
      /auth\.roles\.app\[0\] was not granted/,
    ],
    'a user': [{ ...small, auth: { users: { [long]: { password } } } }, /auth\.users\.x+ was not created/],
  };
  for (const [what, [options, step]] of Object.entries(cases))
    it(`end the start with an EtcdStartError that names ${what}, the reason and no password`, async () => {
      await assert.rejects(startEtcd(options), (error: Error) => {
        assert.ok(error instanceof EtcdStartError, String(error));
        assert.match(error.message, step);
        assert.match(error.message, /request is too large/);
        assert.ok(!error.message.includes(password));
        return true;
      });
    });
});

describe('additional flags', () => {
  const etcd = useSecuredEtcd({ tls: {}, auth, args: ['--max-request-bytes', '1000'] });

  it('are passed to an etcd with TLS and users', async () => {
    await withClient(etcd().clientOptionsOf('app'), async ({ kv }) => {
      await kv.put('app/a', 'x'.repeat(100));
      await assert.rejects(kv.put('app/a', 'x'.repeat(10_000)), /request is too large/);
    });
  });
});

describe('an etcd without TLS and users', () => {
  const etcd = useEtcd();

  it('has its endpoints as client options', () => {
    assert.deepEqual(etcd().clientOptions, { endpoints: etcd().endpoints });
    assert.deepEqual(etcd().clientOptionsOf('root'), etcd().clientOptions);
  });

  it('has no users', () => {
    assert.throws(
      () => etcd().clientOptionsOf('app'),
      /user 'app' is not in auth.users; start etcd with the option auth/,
    );
  });
});
