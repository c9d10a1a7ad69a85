import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient } from '#src/client/index.js';
import { UnauthenticatedError } from '#src/errors/index.js';
import { register } from '#src/naming/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { AuthGateway } from '../support/auth-gateway.js';
import { secretOf } from '../support/canary.js';
import { grpcCounter, skipIfExternal } from '../support/etcd.js';
import { startJwtEtcd } from '../support/jwt-etcd.js';

const password = secretOf('root of changes');
const root = { username: 'root', password };
const authentications = (etcd: EtcdHandle) => grpcCounter(etcd, 'grpc_server_started_total', 'Authenticate');

/** Calls continuously until the returned function is called, which resolves with the failures. */
function callContinuously(client: EtcdClient): () => Promise<unknown[]> {
  const failures: unknown[] = [];
  let stopped = false;
  const call = async (request: () => Promise<unknown>) => {
    while (!stopped) await request().catch((error: unknown) => failures.push(error));
  };
  const calling = [
    call(() => client.kv.get('k')),
    call(() => client.kv.put('k', 'v')),
    call(() => client.kv.get('k', { serializable: true })),
    call(async () => {
      const watcher = client.watch('k');
      await watcher.ready;
      await watcher.close();
    }),
  ];
  return async () => {
    stopped = true;
    await Promise.all(calling);
    return failures;
  };
}

describe('signed tokens while roles change', function () {
  this.timeout(120_000);
  const { connect } = useClients();
  let jwt: Awaited<ReturnType<typeof startJwtEtcd>> | undefined;
  const etcd = () => jwt!.etcd;
  const gateway = new AuthGateway(etcd, password);

  before(async function () {
    skipIfExternal(this);
    jwt = await startJwtEtcd(300);
    await gateway.addRoot();
    await gateway.enable();
  });

  after(() => jwt?.close());

  it('fails no call, watch or registration, and limits token requests, at several changes per second', async () => {
    const client = connect(etcd().endpoints, { auth: root, timeoutMs: 30_000 });
    const registration = await register(client, {
      target: 'changing',
      id: 'one',
      addr: '10.0.0.1:1',
      ttlSeconds: 10,
    });
    const stop = callContinuously(client);
    const before = await authentications(etcd());
    const began = performance.now();
    let changes = 0;
    for (; performance.now() - began < 6_000; changes++) {
      await gateway.callAsRoot('role/add', { name: `r${changes}` });
      await sleep(50); // the rate of the changes, not a wait
    }
    const asked = (await authentications(etcd())) - before - changes; // the gateway makes one per change
    assert.deepEqual(await stop(), []);
    assert.equal(registration.registrationCount, 1);
    assert.ok(changes > 10, `${changes} changes`);
    assert.ok(asked <= changes + 2, `${asked} requests for a token, ${changes} changes`);
    await registration.close();
  });
});

describe('a rotated password', function () {
  this.timeout(120_000);
  const { connect } = useClients();
  let etcd: EtcdHandle;
  const gateway = new AuthGateway(() => etcd, password);
  const first = secretOf('the first password');
  const second = secretOf('the second password');

  beforeEach(async function () {
    skipIfExternal(this);
    etcd = await startEtcd();
    await gateway.addRoot();
    await gateway.call('user/add', { name: 'rotated', password: first });
    await gateway.call('user/grant', { user: 'rotated', role: 'root' });
    await gateway.enable();
  });

  afterEach(() => etcd?.close());

  const rotate = () => gateway.callAsRoot('user/changepw', { name: 'rotated', password: second });

  async function registerRotated(client: EtcdClient) {
    return register(client, {
      target: 'rotated',
      id: 'one',
      addr: '10.0.0.1:1',
      ttlSeconds: 10,
    });
  }

  it('fails no call and no registration if the password function returns the new one', async () => {
    let current = first;
    let asked = 0;
    const auth = {
      username: 'rotated',
      password: async () => {
        asked++;
        return current;
      },
    };
    const client = connect(etcd.endpoints, { auth });
    const registration = await registerRotated(client);
    const stop = callContinuously(client);
    assert.equal(asked, 1);
    current = second;
    await rotate();
    await eventually('the password function is called again', () => asked === 2);
    await client.kv.get('k');
    assert.deepEqual(await stop(), []);
    assert.equal(registration.registrationCount, 1);
    await registration.close();
  });

  it('fails calls with a typed error and few Authenticate calls until the password function returns the new one, then recovers', async () => {
    let current = first;
    const client = connect(etcd.endpoints, {
      auth: { username: 'rotated', password: () => current },
    });
    const registration = await registerRotated(client);
    const watcher = client.watch('k');
    await watcher.ready;
    await rotate();
    const before = await authentications(etcd);
    const began = performance.now();
    let failures = 0;
    while (performance.now() - began < 4_000) {
      await assert.rejects(client.kv.get('k'), UnauthenticatedError);
      failures++;
      await sleep(10); // the rate of the calls, not a wait
    }
    const asked = (await authentications(etcd)) - before;
    assert.ok(failures > 20 && asked <= 6, `${asked} Authenticates for ${failures} failures`);
    const again = client.watch('other');
    current = second;
    await eventually('calls succeed', () =>
      client.kv.get('k').then(
        () => true,
        () => false,
      ),
    );
    await again.ready;
    await eventually(
      'the record is registered',
      async () => (await client.kv.get('rotated/one')).kv?.lease === registration.lease,
      20_000,
    );
    await registration.close();
    await Promise.all([watcher.close(), again.close()]);
  });
});
