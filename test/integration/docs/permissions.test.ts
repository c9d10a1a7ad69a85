import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EtcdClient } from '#src/client/index.js';
import { PermissionDeniedError } from '#src/errors/index.js';
import { prefixEnd } from '#src/model/keys/key-range.js';
import { EndpointManager, register } from '#src/naming/index.js';
import { AuthGateway } from '../../support/auth-gateway.js';
import { secretOf } from '../../support/canary.js';
import { skip, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { Opened } from '../../support/naming/opened.js';
import {
  type Grant,
  grantText,
  permissionCommands,
  permissionRows,
  smallerGrants,
} from '../../support/permission-table.js';
import { expectNoSocketLeft } from '../../support/sockets.js';
import { CommandRunner } from '../cli/support.js';
import {
  type Actor,
  CommandRefused,
  configPrefix,
  type Exercise,
  exercises,
  key,
  target,
} from './permission-exercises.js';

const rootPassword = secretOf('permissions-root');
const password = secretOf('permissions-user');
const rows = permissionRows();
/** The rows that add a permission to another one. */
const isAddition = (used: string) => used.includes('in addition');
const resolverGrant = rows.find(({ used }) => used.includes('registerEtcdResolver'))!.grant;

function isRefusal(error: unknown): boolean {
  if (error instanceof PermissionDeniedError || error instanceof CommandRefused) return true;
  // A call that could not be resolved.
  return error instanceof Error && error.message.includes('PERMISSION_DENIED');
}

describe('the table of permissions in docs/permissions.md', function () {
  this.timeout(60_000);
  const etcd = useEtcd({ args: ['--bcrypt-cost', '4'] });
  expectNoSocketLeft();
  const opened = new Opened();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  const gateway = new AuthGateway(etcd, rootPassword);
  let users = 0;

  before(async function () {
    skipUnlessBreakable(this, etcd());
    await gateway.addRoot();
    await gateway.enable();
  });

  afterEach(() => opened.close());

  const connect = (username: string, secret: string) =>
    opened.add(new EtcdClient({ endpoints: etcd().endpoints, auth: { username, password: secret } }), (one) =>
      one.close(),
    );

  /** Creates a user with a role that has exactly these grants. */
  async function addUser(grants: readonly Grant[]): Promise<string> {
    const name = `user-${++users}`;
    const token = await gateway.token();
    await gateway.call('user/add', { name, password }, token);
    await gateway.call('role/add', { name }, token);
    for (const grant of grants) await gateway.call('role/grant', { name, perm: toPermission(grant) }, token);
    await gateway.call('user/grant', { user: name, role: name }, token);
    return name;
  }

  async function actorWith(grants: readonly Grant[]): Promise<Actor> {
    const name = await addUser(grants);
    const root = connect('root', rootPassword);
    const { addr } = await opened.server('e1');
    await root.kv.delete({ prefix: `${target}/` });
    const { id: lease } = await root.lease.grant({ ttlSeconds: 600 });
    await new EndpointManager(root, target).addEndpoint(key, { addr }, { lease });
    await root.kv.put(configPrefix + target, '{"loadBalancingConfig":[{"round_robin":{}}]}');
    const env = { ETCDCTL_USER: name, ETCDCTL_PASSWORD: password };
    return {
      client: connect(name, password),
      opened,
      root,
      renewals: () => etcd().metric('etcd_debugging_lease_renewed_total'),
      start: (...args) => commands.startWith(env, ...args),
    };
  }

  async function exercise(one: Exercise, grants: readonly Grant[]): Promise<unknown> {
    try {
      return await one(await actorWith(grants));
    } finally {
      await opened.close();
    }
  }

  it('has the rows that the tests know', () => {
    assert.deepEqual(
      rows.map(({ used }) => used),
      [...exercises.keys()],
    );
  });

  it('grants servers the prefix of their own service', () => {
    // A registration reads and writes one key, so the exercises cannot show that a prefix is too short.
    const prefix = { kind: 'prefix', text: `${target}/` };
    assert.deepEqual(rows.find(({ used }) => used.includes('registerServer'))?.grant.range, prefix);
  });

  for (const { used, grant } of rows) {
    const others = isAddition(used) ? [resolverGrant] : [];
    const all = exercises.get(used) ?? [];

    it(`${used}: ${grantText(grant)} suffices`, async () => {
      for (const one of all) await exercise(one, [...others, grant]);
    });

    for (const smaller of smallerGrants(grant))
      it(`${used}: ${grantText(smaller)} is refused`, async () => {
        for (const one of all) await assert.rejects(exercise(one, [...others, smaller]), isRefusal);
      });
  }

  it('rightly omits leases and client.sync(), which a user without a grant may use', async () => {
    const { endpoints } = etcd();
    const auth = { username: await addUser([]), password };
    const client = opened.add(new EtcdClient({ endpoints, auth, sync: { allow: () => true } }), (one) =>
      one.close(),
    );
    const lease = await client.lease.hold({ ttlSeconds: 2 });
    await client.lease.revoke(lease.id);
    await client.sync();
  });
});

describe('the commands in docs/permissions.md', function () {
  this.timeout(60_000);
  const etcd = useEtcd({ args: ['--bcrypt-cost', '4'] });
  const opened = new Opened();
  let folder: string | undefined;

  before(function () {
    skipUnlessBreakable(this, etcd());
    if (!etcd().etcdctl) skip(this, 'there is no etcdctl');
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-permissions-'));
    for (const name of ['servers', 'callers', 'root'])
      writeFileSync(join(folder, `${name}.password`), `${secretOf(`permissions-${name}`)}\n`);
    const { status, stderr } = spawnSync('/bin/sh', ['-ec', permissionCommands()], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: `${dirname(etcd().etcdctl!)}:${process.env['PATH']}`,
        ETCDCTL_API: '3',
        ETCDCTL_ENDPOINTS: etcd().endpoints.join(','),
      },
    });
    assert.equal(status, 0, stderr);
  });

  afterEach(() => opened.close());
  after(() => folder && rmSync(folder, { recursive: true }));

  const connect = (role: string) => {
    const auth = { username: `my-service-${role}`, password: secretOf(`permissions-${role}`) };
    return opened.add(new EtcdClient({ endpoints: etcd().endpoints, auth }), (one) => one.close());
  };

  it('let servers register, and callers resolve the name but not register', async () => {
    const options = { target, addr: '10.0.0.7:50051' };
    opened.add(await register(connect('servers'), options), (one) => one.close());
    const callers = connect('callers');
    assert.equal((await new EndpointManager(callers, target).list()).size, 1);
    await assert.rejects(register(callers, options), PermissionDeniedError);
  });
});

/** A grant in etcd's protocol, as JSON. */
function toPermission({ permission, range: { kind, text } }: Grant): object {
  const start = Buffer.from(text || '\0');
  const ends = { key: '', prefix: text === '' ? '\0' : prefixEnd(start), most: `${text}~` };
  return {
    permType: permission.toUpperCase(),
    key: start.toString('base64'),
    range_end: Buffer.from(ends[kind]).toString('base64'),
  };
}
