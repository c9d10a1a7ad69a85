import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { InvalidInputError, PermissionDeniedError, UnauthenticatedError } from '#src/errors/index.js';
import { EndpointManager, NamingError, register } from '#src/naming/index.js';
import { type EtcdHandle, startEtcd, startFaultProxy } from '#src/testing/index.js';
import { secretOf } from '../../support/canary.js';
import { skipIfExternal, skipUnlessBreakable } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { useRegistrations } from './use-registrations.js';

// Without an immediate rejection these took 5 s or the full deadline, longer than a test may take.
const immediateMs = 3_000;

describe('register()', () => {
  const { etcd, opened, fixture, endpoint, start, record } = useRegistrations();
  let admin: EtcdClient;
  let target: string;
  let key: string;

  beforeEach(() => {
    ({ admin, target, key } = fixture);
  });

  for (const fault of ['refuse', 'blackhole'] as const) {
    it(`rejects immediately when it is aborted while the network has the fault ${fault}, and cleans up in the background`, async function () {
      skipUnlessBreakable(this, etcd());
      const link = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
      await new EndpointManager(admin, target).addEndpoint(key, { addr: '10.9.9.9:1' });
      const before = await admin.lease.list();
      const abort = new AbortController();
      const client = opened.client([link.endpoint]);
      const registering = start({ signal: abort.signal, ttlSeconds: 600 }, client);
      await eventually(
        'the registration waits',
        async () => (await etcd().metric('etcd_debugging_mvcc_watcher_total')) === 1,
      );
      const lease = (await admin.lease.list()).find((one) => !before.includes(one));
      assert.ok(lease);
      link[fault]();
      const began = performance.now();
      const reason = new Error('enough');
      abort.abort(reason);
      await assert.rejects(registering, (error) => error === reason);
      assert.ok(performance.now() - began < immediateMs, `took ${performance.now() - began} ms`);
      link.heal();
      await eventually(
        'its lease is revoked in the background',
        async () => (await admin.lease.timeToLive(lease)) === undefined,
        20_000,
      );
      assert.match(String((await record())?.value), /10\.9\.9\.9:1/);
    });
  }

  it('stops its cleanup after an abort when the client is closed', async function () {
    skipUnlessBreakable(this, etcd());
    const link = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
    await new EndpointManager(admin, target).addEndpoint(key, { addr: '10.9.9.9:1' });
    const abort = new AbortController();
    const client = opened.client([link.endpoint]);
    const registering = start({ signal: abort.signal }, client);
    await eventually(
      'the registration waits',
      async () => (await etcd().metric('etcd_debugging_mvcc_watcher_total')) === 1,
    );
    link.blackhole();
    const began = performance.now();
    abort.abort(new Error('enough'));
    await assert.rejects(registering, /enough/);
    await client.close();
    assert.ok(performance.now() - began < immediateMs);
    link.heal();
  });

  it('rejects invalid options with a typed error', async () => {
    for (const options of [
      undefined,
      {},
      { target },
      endpoint,
      { target, addr: null },
      { target, endpoint },
      { target: 7, ...endpoint },
    ]) {
      let registering: Promise<unknown> | undefined;
      assert.doesNotThrow(() => {
        registering = register(fixture.client, options as never);
      });
      const isTyped = (error: unknown) => error instanceof NamingError || error instanceof InvalidInputError;
      await assert.rejects(registering!, isTyped, JSON.stringify(options));
    }
  });
});

describe('register() with authentication enabled', function () {
  this.timeout(60_000);
  let etcd: EtcdHandle | undefined;
  let opened: Opened;
  const root = { username: 'root', password: secretOf('root') };

  before(async function () {
    skipIfExternal(this);
    const users = { intruder: { password: secretOf('intruder') } };
    etcd = await startEtcd({ auth: { rootPassword: root.password, users } });
  });

  beforeEach(() => {
    opened = new Opened();
  });

  afterEach(() => opened.close());
  after(() => etcd?.close());

  async function rejectsImmediately(auth: { username: string; password: string }): Promise<unknown> {
    const { EtcdClient } = await import('#src/client/index.js');
    const client = opened.add(new EtcdClient({ endpoints: etcd!.endpoints, auth }), (one) => one.close());
    const began = performance.now();
    const error = await register(client, { target: 'svc', addr: '10.0.0.7:1' }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(performance.now() - began < 10_000, `took ${performance.now() - began} ms`);
    return error;
  }

  it('rejects without waiting for its deadline of 30 s when the permission is missing', async () => {
    const error = await rejectsImmediately({ username: 'intruder', password: secretOf('intruder') });
    assert.ok(error instanceof PermissionDeniedError, String(error));
  });

  it('rejects without waiting for its deadline of 30 s when the password is wrong', async () => {
    const error = await rejectsImmediately({ username: 'intruder', password: secretOf('wrong') });
    assert.ok(error instanceof UnauthenticatedError, String(error));
  });
});
