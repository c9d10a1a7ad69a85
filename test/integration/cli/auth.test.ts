import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { secretOf } from '../../support/canary.js';
import { useEtcd } from '../../support/etcd.js';
import { CommandRunner } from './support.js';

describe('etcd-naming on an etcd with authentication', () => {
  const rootPassword = secretOf('cli-root');
  const password = secretOf('cli-user');
  const etcd = useEtcd({
    auth: {
      rootPassword,
      roles: {
        reads: [{ access: 'read', prefix: 'mine/' }],
        'reads-kratos': [{ access: 'read', prefix: '/microservices/' }],
      },
      users: {
        reader: { password, roles: ['reads'] },
        'kratos-reader': { password, roles: ['reads-kratos'] },
      },
    },
  });
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));

  const putAsRoot = async (key: string, value = '{"Addr":"10.0.0.1:1"}') => {
    await using root = new EtcdClient({
      endpoints: etcd().endpoints,
      auth: { username: 'root', password: rootPassword },
    });
    await root.kv.put(key, value);
  };

  it('exits with 1 without a user, and the doctor names the variables', async () => {
    const { code, stdout, stderr } = await commands.run('ls', 'mine');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^etcd-naming: .*\n$/);
    const doctor = await commands.run('doctor', 'mine');
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, /^Next steps:\n +1\. etcd: .*ETCDCTL_USER/m);
  });

  it('reads user and password from flags and variables, and the flag takes precedence', async () => {
    assert.equal((await commands.run('ls', 'mine', '--user', `reader:${password}`)).code, 0);
    assert.equal((await commands.run('ls', 'mine', '--user', 'reader', '--password', password)).code, 0);
    const env = { ETCDCTL_USER: 'reader', ETCDCTL_PASSWORD: password };
    assert.equal((await commands.runWith(env, 'ls', 'mine')).code, 0);
    const wrong = { ETCDCTL_USER: 'stranger', ETCDCTL_PASSWORD: secretOf('cli-wrong') };
    assert.equal((await commands.runWith(wrong, 'ls', 'mine', '--user', `reader:${password}`)).code, 0);
    assert.equal(
      (await commands.runWith({ ETCDCTL_AUTH_JWT_TOKEN: 'x', ...env }, 'ls', 'mine', '--user', 'reader'))
        .code,
      0,
    );
  });

  it('advises --prefix to a user who may read only a part of the keys', async () => {
    const user = ['--user', `reader:${password}`];
    const { code, stdout, stderr } = await commands.run('ls', ...user);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /PERMISSION_DENIED[^\n]*; narrow it with --prefix to what the user may read[^\n]*\n$/,
    );
    assert.equal((await commands.run('ls', '--prefix', 'mine/', ...user)).code, 0);
  });

  it('reports a missing permission, and the doctor prints how to grant it', async () => {
    const user = ['--user', `reader:${password}`];
    const { code, stderr } = await commands.run('ls', 'others', ...user);
    assert.equal(code, 1);
    assert.match(stderr, /PERMISSION_DENIED/);
    const doctor = await commands.run('doctor', 'others', ...user);
    assert.equal(doctor.code, 1);
    assert.match(
      doctor.stdout,
      /1\. etcd: check the spelling of the name; if it is right, grant the prefix to a role of the user: etcdctl/,
    );
    assert.equal((await commands.run('add', 'mine', '10.0.0.1:1', ...user)).code, 1);
  });

  it('lets the doctor find a service that the user may read in another format only', async () => {
    const instance = { name: 'shop', endpoints: ['grpc://10.0.0.1:9000'] };
    await putAsRoot('/microservices/shop/a', JSON.stringify(instance));
    const { code, stdout } = await commands.run('doctor', 'shop', '--user', `kratos-reader:${password}`);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /2\. records: the service has records in the format of kratos: etcd-naming doctor shop --codec kratos/,
    );
  });

  for (const [name, grant] of [
    ['others', 'read --prefix others/'],
    ['http://shop/x', 'read --prefix http://shop/x/'],
    ["it's $HOME", "read --prefix 'it'\\''s $HOME/'"],
    ['-dash', 'read --prefix -- -dash/'],
  ] as const)
    it(`prints the grant for '${name}' in one form wherever the doctor names it`, async () => {
      const { stdout } = await commands.run('doctor', '--user', `reader:${password}`, '--', name);
      const printed = [...stdout.matchAll(/etcdctl .*$/gm)].map(([command]) => command);
      assert.equal(printed.length, 3, stdout);
      assert.deepEqual([...new Set(printed)], [`etcdctl role grant-permission ROLE ${grant}`]);
    });

  it('finds the records of a mistyped name outside the range that the user may read', async () => {
    await putAsRoot('mine/svc/e1');
    const doctor = await commands.run('doctor', '/mine/svc', '--user', `reader:${password}`);
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, /warning +neighbours +there are records under 'mine\/svc'/);
  });

  it('finds another spelling in the range that the user may read, and says what it may not read', async () => {
    await putAsRoot('mine/Group/svc/e1');
    const doctor = await commands.run('doctor', 'mine/group/svc', '--user', `reader:${password}`);
    assert.equal(doctor.code, 4);
    assert.match(doctor.stdout, /warning +neighbours +similar services: 'mine\/Group\/svc'/);
    assert.match(
      doctor.stdout,
      /warning +neighbours +not searched for other spellings, because they cannot be read: all keys\n/,
    );
  });

  it('prints no secret, even with --debug and a wrong password', async () => {
    const wrong = secretOf('cli-wrong');
    for (const args of [
      ['ls', 'mine'],
      ['doctor', 'mine'],
      ['watch', 'mine'],
      ['ls', 'mine', '--bogus'],
    ]) {
      const { code, stdout, stderr } = await commands.run(...args, '--user', `reader:${wrong}`, '--debug');
      assert.notEqual(code, 0);
      assert.ok(!(stdout + stderr).includes(wrong), args.join(' '));
    }
  });

  it('refuses a page with a wrong password, or of keys that the user must not read', async () => {
    for (const args of [
      ['--user', 'reader:wrong', '--prefix', 'mine/'],
      ['--user', `reader:${password}`],
    ]) {
      const { code, stdout, stderr } = await commands.run('ui', '--port', '0', ...args);
      assert.deepEqual([code, stdout], [1, ''], stderr);
      assert.match(stderr, /^etcd-naming: .*\n$/);
    }
    const page = commands.start('ui', '--port', '0', '--user', `reader:${password}`, '--prefix', 'mine/');
    await page.prints('#token=');
  });
});
