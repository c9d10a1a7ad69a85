import assert from 'node:assert/strict';
import { InvalidInputError } from '#src/errors/index.js';
import {
  type EtcdPermission,
  type StartEtcdOptions,
  startEtcd,
  startEtcdCluster,
} from '#src/testing/index.js';
import { secretOf } from '../../support/canary.js';

const password = secretOf('security options');
const user = { password, roles: ['app'] };
const longPassword = password.padEnd(73, 'x');
const halfPair = `${password}\ud800`;
/** 72 characters, but 73 bytes. */
const longInBytes = `${password.padEnd(71, 'x')}ä`;

const refused: Readonly<Record<string, readonly [tlsAndAuth: object, text: RegExp]>> = {
  'another type of tls': [{ tls: true }, /^tls is true \(boolean\); it must be an object$/],
  'an unknown option of tls': [
    { tls: { clientCertificate: true } },
    /^unknown option 'tls.clientCertificate'; did you mean 'tls.clientCertificates'\?/,
  ],
  'another type of an option of tls': [
    { tls: { clientCertificates: 1 } },
    /^tls.clientCertificates is 1 \(number\); it must be true or false/,
  ],
  'a password instead of auth': [{ auth: password }, /^auth is a string; it must be an object$/],
  'an unknown option of auth': [
    { auth: { rootPasword: password } },
    /^unknown option 'auth.rootPasword'; did you mean 'auth.rootPassword'\?/,
  ],
  'an empty password': [{ auth: { rootPassword: '' } }, /^auth.rootPassword is empty$/],
  'a password that is not a string': [
    { auth: { users: { app: { password: { password } } } } },
    /^auth.users.app.password is not a string$/,
  ],
  'a password of root that bcrypt does not take': [
    { auth: { rootPassword: longPassword } },
    /^auth.rootPassword has more than 72 bytes in UTF-8, the most that etcd's bcrypt takes$/,
  ],
  'a password of a user that bcrypt does not take': [
    { auth: { users: { app: { password: longInBytes } } } },
    /^auth.users.app.password has more than 72 bytes in UTF-8/,
  ],
  'a list of users': [{ auth: { users: [user] } }, /^auth.users must be an object whose members are named/],
  'a user without a name': [{ auth: { users: { '': user } } }, /^auth.users has an empty name$/],
  'a user whose name is not Unicode text': [
    { auth: { users: { 'a\ud800': user } } },
    /^the name in auth.users 'a\\ud800' has half of a surrogate pair$/,
  ],
  'a password that is not Unicode text': [
    { auth: { users: { app: { password: halfPair } } } },
    /^auth.users.app.password has half of a surrogate pair$/,
  ],
  'an undefined user': [{ auth: { users: { app: undefined } } }, /^auth.users.app is undefined$/],
  'a password instead of a user': [{ auth: { users: { app: password } } }, /^auth.users.app is a string/],
  'root among the users': [
    { auth: { users: { root: { password } } } },
    /^auth.users.root is given; set auth.rootPassword$/,
  ],
  'root among the roles': [{ auth: { roles: { root: [] } } }, /^auth.roles.root is given/],
  'a role that does not exist': [
    { auth: { users: { app: user } } },
    /^auth.users.app.roles has 'app', which is not in auth.roles$/,
  ],
  'a permission without access': [
    { auth: { roles: { app: [{ prefix: 'a/' }] } } },
    /^auth.roles.app\[0\].access is missing$/,
  ],
  'another access': [
    { auth: { roles: { app: [{ access: 'rw', prefix: 'a/' }] } } },
    /^auth.roles.app\[0\].access is 'rw'; it must be one of 'read', 'write', 'readwrite'$/,
  ],
  'a permission without keys': [
    { auth: { roles: { app: [{ access: 'read' }] } } },
    /^auth.roles.app\[0\] must have either prefix or key$/,
  ],
  'a permission for a prefix and a key': [
    { auth: { roles: { app: [{ access: 'read', prefix: 'a/', key: 'a' }] } } },
    /^auth.roles.app\[0\] must have either prefix or key$/,
  ],
  'an empty key': [
    { auth: { roles: { app: [{ access: 'read', key: '' }] } } },
    /^auth.roles.app\[0\].key is empty$/,
  ],
  'a user without a password, and no client certificates': [
    { tls: {}, auth: { users: { app: {} } } },
    /^auth.users.app.password is missing; only with tls: \{ clientCertificates: true \} a user needs none$/,
  ],
};

for (const [name, start] of Object.entries({ startEtcd, startEtcdCluster }))
  describe(`${name}()`, () => {
    for (const [what, [options, text]] of Object.entries(refused))
      it(`refuses ${what}, and shows no password`, async () => {
        await assert.rejects(start(options as StartEtcdOptions), (error: Error) => {
          assert.ok(error instanceof InvalidInputError, String(error));
          assert.match(error.message.replace('INVALID_ARGUMENT: ', ''), text);
          assert.ok(!error.message.includes(password));
          return true;
        });
      });

    for (const [option, value] of Object.entries({ tls: {}, auth: {} }))
      it(`refuses ${option} for an external etcd`, async () => {
        const started = start({ source: 'external', endpoints: ['127.0.0.1:1'], [option]: value });
        await assert.rejects(started, {
          name: 'EtcdStartError',
          message:
            name === 'startEtcd'
              ? new RegExp(`option ${option} is not for source 'external'`)
              : /never taken/,
        });
      });
  });

describe('EtcdPermission', () => {
  it('has either a prefix or a key, as the compiler checks', () => {
    const byPrefix: EtcdPermission = { access: 'read', prefix: 'a/' };
    const byKey: EtcdPermission = { access: 'read', key: 'a' };
    // @ts-expect-error: both
    const both: EtcdPermission = { access: 'read', prefix: 'a/', key: 'a' };
    // @ts-expect-error: neither
    const neither: EtcdPermission = { access: 'read' };
    assert.equal([byPrefix, byKey, both, neither].length, 4);
  });
});
