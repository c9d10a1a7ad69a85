import assert from 'node:assert/strict';
import type { EtcdClient, EtcdClientOptions } from '#src/client/index.js';
import {
  AmbiguousWriteError,
  EtcdError,
  PermissionDeniedError,
  UnauthenticatedError,
} from '#src/errors/index.js';
import { secretOf } from '../../support/canary.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { useClients } from '../client/support.js';

const password = secretOf('auth-client');
const newPassword = secretOf('auth-client-new');
const hasReason = (reason: string) => (error: unknown) =>
  error instanceof EtcdError && error.reason === reason;

describe('users, roles and permissions', () => {
  const etcd = useEtcd({ args: ['--bcrypt-cost', '4'] });
  const { connect, proxy } = useClients();
  let client: EtcdClient;

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  beforeEach(() => {
    client = connect(etcd().endpoints);
  });

  afterEach(async () => {
    const { users, roles } = connect(etcd().endpoints).auth;
    for (const name of await users.list()) await users.delete(name);
    for (const name of await roles.list()) await roles.delete(name);
  });

  it('are added, listed, granted, revoked and deleted', async () => {
    const { users, roles } = client.auth;
    await users.add('alice', { password });
    await users.add('by-certificate', { noPassword: true });
    await roles.add('reader');
    await users.grantRole('alice', 'reader');
    await users.grantRole('alice', 'reader');
    assert.deepEqual({ ...(await users.get('alice')) }, { name: 'alice', roles: ['reader'] });
    assert.deepEqual(await users.list(), ['alice', 'by-certificate']);
    assert.deepEqual(await roles.list(), ['reader']);
    await users.changePassword('alice', newPassword);
    await users.revokeRole('alice', 'reader');
    assert.deepEqual((await users.get('alice')).roles, []);
    await users.delete('alice');
    await users.delete('by-certificate');
    await roles.delete('reader');
    assert.deepEqual([await users.list(), await roles.list()], [[], []]);
  });

  it('have permissions for keys, prefixes and ranges, which are revoked as they are read', async () => {
    const { roles } = client.auth;
    await roles.add('r');
    await roles.grantPermission('r', 'read', 'key');
    await roles.grantPermission('r', 'write', { prefix: 'p/' });
    await roles.grantPermission('r', 'readwrite', { key: 'x', rangeEnd: 'y' });
    await roles.grantPermission('r', 'read', { fromKey: 'z' });
    await roles.grantPermission('r', 'readwrite', 'key');
    const role = await roles.get('r');
    const bytes = (text: string) => Buffer.from(text);
    assert.deepEqual(
      role.permissions.map(({ type, range }) => ({ type, range: { ...range } })),
      [
        { type: 'readwrite', range: { key: bytes('key') } },
        { type: 'write', range: { key: bytes('p/'), rangeEnd: bytes('p0') } },
        { type: 'readwrite', range: { key: bytes('x'), rangeEnd: bytes('y') } },
        { type: 'read', range: { fromKey: bytes('z') } },
      ],
    );
    assert.deepEqual(JSON.parse(JSON.stringify(role)).permissions[1], {
      type: 'write',
      range: { key: 'p/', rangeEnd: 'p0' },
    });
    for (const { range } of role.permissions) await roles.revokePermission('r', range);
    assert.deepEqual((await roles.get('r')).permissions, []);
  });

  it('are refused with a reason, and with the name in the message', async () => {
    const { users, roles } = client.auth;
    await users.add('alice', { password });
    await roles.add('r');
    const refusals: [() => Promise<unknown>, string, RegExp][] = [
      [() => users.add('alice', { password }), 'UserAlreadyExist', /UserAdd user 'alice'/],
      [() => users.get('bob'), 'UserNotFound', /UserGet user 'bob'/],
      [() => users.delete('bob'), 'UserNotFound', /UserDelete user 'bob'/],
      [() => users.changePassword('bob', password), 'UserNotFound', /UserChangePassword user 'bob'/],
      [() => users.grantRole('bob', 'r'), 'UserNotFound', /UserGrantRole user 'bob'/],
      [() => users.grantRole('alice', 'none'), 'RoleNotFound', /UserGrantRole user 'alice'/],
      [() => users.revokeRole('alice', 'r'), 'RoleNotGranted', /UserRevokeRole user 'alice'/],
      [() => roles.add('r'), 'RoleAlreadyExist', /RoleAdd role 'r'/],
      [() => roles.get('none'), 'RoleNotFound', /RoleGet role 'none'/],
      [() => roles.delete('none'), 'RoleNotFound', /RoleDelete role 'none'/],
      [() => roles.grantPermission('none', 'read', 'k'), 'RoleNotFound', /RoleGrantPermission role 'none'/],
      [() => roles.revokePermission('r', 'k'), 'PermissionNotGranted', /RoleRevokePermission role 'r'/],
    ];
    for (const [call, reason, text] of refusals)
      await assert.rejects(call(), (error) => {
        assert.ok(error instanceof EtcdError);
        assert.deepEqual([error.reason, error.verdict], [reason, 'final'], error.message);
        assert.match(error.message, text);
        return true;
      });
  });

  it('are not sent with arguments that are wrong, and no error has the password', async () => {
    const { users, roles } = client.auth;
    const tooLong = password.padEnd(73, 'x');
    const halfPair = `${password}\ud800`;
    const wrong: [() => Promise<unknown>, RegExp][] = [
      [() => users.add('', { password }), /user name is empty/],
      [() => users.add('a', {} as never), /password is missing.* noPassword: true/],
      [() => users.add('a', { password: String() }), /password is missing, empty/],
      [() => users.add('a', { password: tooLong }), /more than 72 bytes/],
      [() => users.add('a', { password: Buffer.from(password) as never }), /not a string/],
      [() => users.add('a', { password, noPassword: true } as never), /exclude each other/],
      [() => users.add('a', password as never), /options is a string; .*password/],
      [
        () => users.add('a', { passwort: password } as never),
        /unknown option 'passwort'; did you mean 'password'/,
      ],
      [() => users.changePassword('a', { password } as never), /password is missing/],
      [() => users.add('a', { password: halfPair }), /: the password has half of a surrogate pair$/],
      [() => users.changePassword('a', `${password}\udc80`), /: the password has half of a surrogate pair$/],
      [() => users.add('a\ud800', { password }), /user name 'a\\ud800' has half of a surrogate pair/],
      [() => users.delete('a\udc80'), /half of a surrogate pair/],
      [() => users.grantRole('a', 'r\udfff'), /role name 'r\\udfff' has half of a surrogate pair/],
      [() => roles.add(7 as never), /role name is 7/],
      [() => roles.add('é'.repeat(16_385)), /role name has 32770 bytes.* 32768/],
      [() => users.add('y'.repeat(32_769), { noPassword: true }), /user name has 32769 bytes.* 32768/],
      [() => users.get('y'.repeat(32_769)), /user name has 32769 bytes/],
      [
        () => roles.grantPermission('r', 'all' as never, 'k'),
        /permission is 'all'; it must be one of 'read'/,
      ],
      [() => roles.grantPermission('r', 'read', ''), /key is empty/],
    ];
    for (const [call, message] of wrong)
      await assert.rejects(call(), (error: Error) => {
        assert.equal(error.name, 'InvalidInputError');
        assert.match(error.message, message);
        assert.ok(!error.message.includes(password), 'the password');
        return true;
      });
  });

  it('have names as long as a key of the database may be', async () => {
    const { users, roles } = client.auth;
    const longest = 'é'.repeat(16_384);
    await users.add(longest, { noPassword: true });
    await roles.add(longest);
    await users.grantRole(longest, longest);
    assert.deepEqual([await users.list(), (await users.get(longest)).roles], [[longest], [longest]]);
  });

  it('keep a password from a host that is not loopback without TLS, unless that is allowed', async () => {
    // No host has an address in 192.0.2.0/24, which is reserved for documentation (RFC 5737).
    const far = connect(['192.0.2.1:2379'], { timeoutMs: 50 });
    for (const call of [
      () => far.auth.users.add('a', { password }),
      () => far.auth.users.changePassword('a', password),
    ])
      await assert.rejects(call(), {
        name: 'InvalidInputError',
        message: /in plaintext to '192\.0\.2\.1:2379'.* allowPlaintext: true/,
      });
    await assert.rejects(far.auth.users.add('a', { password, allowPlaintext: true }), {
      name: 'DeadlineError',
    });
    await assert.rejects(far.auth.users.add('a', { noPassword: true }), { name: 'DeadlineError' });
  });

  /** Runs a call whose answer is lost after `applied` has become true. */
  async function withLostAnswer<T>(
    call: (proxied: EtcdClient) => Promise<T>,
    applied: () => Promise<boolean>,
    options: Partial<EtcdClientOptions> = {},
  ): Promise<T> {
    const link = await proxy(etcd());
    const proxied = connect([link.endpoint], options);
    await proxied.auth.roles.list();
    link.delay({ up: 0, down: 3_600_000 });
    const result = call(proxied);
    result.catch(() => {});
    await eventually('etcd has applied the request', applied);
    link.cut();
    link.heal();
    return result;
  }

  describe('after a lost answer', () => {
    it('are deleted and revoked once, and no second refusal reaches the caller', async () => {
      const { users, roles } = client.auth;
      await users.add('alice', { password });
      await roles.add('r');
      await roles.grantPermission('r', 'read', 'k');
      await users.grantRole('alice', 'r');
      await withLostAnswer(
        ({ auth }) => auth.roles.revokePermission('r', 'k'),
        async () => (await roles.get('r')).permissions.length === 0,
      );
      await withLostAnswer(
        ({ auth }) => auth.users.revokeRole('alice', 'r'),
        async () => (await users.get('alice')).roles.length === 0,
      );
      await withLostAnswer(
        ({ auth }) => auth.users.delete('alice'),
        async () => (await users.list()).length === 0,
      );
      await withLostAnswer(
        ({ auth }) => auth.roles.delete('r'),
        async () => (await roles.list()).length === 0,
      );
    });

    it('are reported as ambiguous when they were added', async () => {
      const { users, roles } = client.auth;
      await assert.rejects(
        withLostAnswer(
          ({ auth }) => auth.users.add('alice', { password }),
          async () => (await users.list()).length === 1,
        ),
        AmbiguousWriteError,
      );
      await assert.rejects(
        withLostAnswer(
          ({ auth }) => auth.roles.add('r'),
          async () => (await roles.list()).length === 1,
        ),
        AmbiguousWriteError,
      );
    });
  });

  describe('with authentication', () => {
    it('is turned on only with a user root that has the role root, and off again', async () => {
      const { auth } = client;
      await assert.rejects(auth.enable(), hasReason('RootUserNotExist'));
      await auth.users.add('root', { password });
      await assert.rejects(auth.enable(), hasReason('RootRoleNotExist'));
      await auth.roles.add('root');
      await auth.users.grantRole('root', 'root');
      await auth.users.add('alice', { password: newPassword });
      await auth.enable();
      const as = (username: string, secret: string) =>
        connect(etcd().endpoints, { auth: { username, password: secret } });
      try {
        await assert.rejects(auth.users.list(), UnauthenticatedError);
        const alice = as('alice', newPassword);
        await assert.rejects(alice.auth.users.add('eve', { password }), (error) => {
          assert.ok(error instanceof PermissionDeniedError);
          assert.match(error.message, /user 'alice' may not do this: UserAdd user 'eve'/);
          return true;
        });
      } finally {
        await as('root', password).auth.disable();
      }
      await auth.users.list();
      await auth.disable();
    });

    it('is turned on and off by calls whose answers are lost, and the refusal of the second attempt is not an error', async () => {
      const { auth } = client;
      await auth.users.add('root', { password });
      await auth.roles.add('root');
      await auth.users.grantRole('root', 'root');
      const isOn = () =>
        auth.users.list().then(
          () => false,
          (error: unknown) => error instanceof UnauthenticatedError,
        );
      const isOff = async () => !(await isOn());
      const credentials = { auth: { username: 'root', password } };
      const asRoot = connect(etcd().endpoints, credentials);
      for (const options of [{}, credentials]) {
        try {
          await withLostAnswer((proxied) => proxied.auth.enable(), isOn, options);
          await assert.rejects(auth.enable(), UnauthenticatedError);
          await withLostAnswer((proxied) => proxied.auth.disable(), isOff, credentials);
        } finally {
          await asRoot.auth.disable();
        }
      }
    });

    it('has a status since etcd 3.5, and an older etcd is reported as such', async () => {
      const { version } = etcd();
      if (version.startsWith('3.4.'))
        await assert.rejects(client.auth.status(), (error) => {
          assert.ok(error instanceof EtcdError && !(error instanceof UnauthenticatedError));
          assert.deepEqual([error.reason, error.verdict], ['MethodUnsupported', 'final']);
          assert.match(
            error.message,
            /this release of etcd does not have AuthStatus: unknown method AuthStatus/,
          );
          return true;
        });
      else {
        const { enabled, authRevision } = await client.auth.status();
        assert.equal(enabled, false);
        assert.equal(typeof authRevision, 'bigint');
      }
    });
  });
});
