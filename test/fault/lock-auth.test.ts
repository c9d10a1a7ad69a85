import assert from 'node:assert/strict';
import { EtcdError, PermissionDeniedError, UnauthenticatedError } from '#src/errors/index.js';
import { LockLostError } from '#src/lock/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { AuthGateway } from '../support/auth-gateway.js';
import { secretOf } from '../support/canary.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';

const rootPassword = secretOf('root of locks');
const worker = { username: 'worker', password: secretOf('worker with locks') };
const root = { username: 'root', password: rootPassword };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const range = { key: base64('jobs/'), range_end: base64('jobs0') };

describe('authentication that changes while a lock is held and waited for', function () {
  this.timeout(60_000);
  const etcd = useEtcd({ args: ['--bcrypt-cost', '4'] });
  const { connect } = useClients();
  const gateway = new AuthGateway(etcd, rootPassword);

  before(async function () {
    skipIfExternal(this);
    await gateway.addRoot();
    await gateway.call('role/add', { name: 'workers' });
    await gateway.call('role/grant', { name: 'workers', perm: { permType: 'READWRITE', ...range } });
    await gateway.call('user/add', { name: worker.username, password: worker.password });
    await gateway.call('user/grant', { user: worker.username, role: 'workers' });
  });

  afterEach(() => gateway.disable().catch(() => {})); // it is off if the test failed early

  const outcome = (waiting: Promise<unknown>) =>
    waiting.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('and is turned on, hands it over among clients with credentials', async () => {
    const client = connect(etcd().endpoints, { auth: worker });
    const lock = await client.lock('jobs');
    const next = connect(etcd().endpoints, { auth: worker }).lock('jobs');
    await eventually('one waits', async () => (await client.lockQueue('jobs')).waiters.length === 1);
    await gateway.enable();
    assert.equal((await lock.txn({})).succeeded, true);
    assert.equal(lock.held, true);
    await lock.release();
    const second = await next;
    assert.ok(second.token > lock.token);
    await second.release();
    assert.equal((await client.lockQueue('jobs')).holder, undefined);
  });

  it('and is turned on, ends the wait of a client without credentials with an error', async () => {
    const holder = await connect(etcd().endpoints, { auth: worker }).lock('jobs');
    const waiting = outcome(connect(etcd().endpoints).lock('jobs', { ttlSeconds: 2 }));
    const admin = connect(etcd().endpoints, { auth: root });
    await eventually('one waits', async () => (await admin.lockQueue('jobs')).waiters.length === 1);
    await gateway.enable();
    await holder.release();
    const error = await waiting;
    assert.ok(error instanceof EtcdError, String(error));
    await eventually('its key has expired', async () => !(await admin.lockQueue('jobs')).holder);
  });

  it('and takes the permission away, ends the wait with that error, and the lock at its next write', async () => {
    await gateway.enable();
    const admin = connect(etcd().endpoints, { auth: root });
    const client = connect(etcd().endpoints, { auth: worker });
    const lock = await client.lock('jobs', { ttlSeconds: 2 });
    const waiting = outcome(connect(etcd().endpoints, { auth: worker }).lock('jobs', { ttlSeconds: 2 }));
    await eventually('one waits', async () => (await client.lockQueue('jobs')).waiters.length === 1);
    await gateway.callAsRoot('role/revoke', { role: 'workers', ...range });
    await assert.rejects(lock.txn({}), (error: Error) =>
      [PermissionDeniedError, LockLostError].some((one) => error instanceof one),
    );
    await lock.release().catch((error: unknown) => assert.ok(error instanceof PermissionDeniedError));
    const error = await waiting;
    assert.ok(error instanceof PermissionDeniedError || error instanceof LockLostError, String(error));
    await eventually('both keys have expired', async () => !(await admin.lockQueue('jobs')).holder, 20_000);
  });

  it('and is on, refuses a client whose tokens are unknown, instead of letting it wait', async () => {
    await gateway.enable();
    const client = connect(etcd().endpoints, { auth: { tokenProvider: () => secretOf('unknown token') } });
    await assert.rejects(client.lock('jobs'), UnauthenticatedError);
    await assert.rejects(client.tryLock('jobs'), UnauthenticatedError);
    await assert.rejects(client.election.campaign('jobs', 'a').next(), UnauthenticatedError);
  });
});
