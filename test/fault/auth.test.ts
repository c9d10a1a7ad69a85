import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient, StatusEvent } from '#src/client/index.js';
import { PermissionDeniedError, UnauthenticatedError } from '#src/errors/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { eventually, folderOf, useClients } from '../integration/client/support.js';
import { AuthGateway } from '../support/auth-gateway.js';
import { secretOf } from '../support/canary.js';
import { grpcCounter, skipIfExternal } from '../support/etcd.js';
import { describeEvent, expectNoWatchersLeft, recordWatch } from './support.js';

const tokenSeconds = 2;
const root = { username: 'root', password: secretOf('root') };
const reader = { username: 'reader', password: secretOf('reader') };

describe('with authentication and a token TTL of two seconds', function () {
  this.timeout(60_000);
  const { connect } = useClients();
  expectNoWatchersLeft(() => (started ? [started] : []));
  let started: EtcdHandle | undefined;
  const etcd = () => started!;
  const gateway = new AuthGateway(etcd, root.password);
  let admin: EtcdClient;
  let folder: string;

  const base64 = (text: string) => Buffer.from(text).toString('base64');

  before(async function () {
    skipIfExternal(this);
    started = await startEtcd({
      args: ['--auth-token-ttl', String(tokenSeconds)],
      auth: {
        rootPassword: root.password,
        roles: { public: [{ access: 'read', prefix: 'public/' }] },
        users: { reader: { password: reader.password, roles: ['public'] } },
      },
    });
  });

  beforeEach(() => {
    admin = connect(etcd().endpoints, { auth: root });
    folder = `public/${folderOf(etcd())}`;
  });

  after(() => started?.close());

  /** Number of passwords that etcd has checked, valid or not. */
  const authentications = () => grpcCounter(etcd(), 'grpc_server_handled_total', 'Authenticate');

  /** Waits for the tokens to expire; any use of a token would renew it. */
  const expiry = () => sleep(2.5 * tokenSeconds * 1_000);

  describe('a client whose token has expired', () => {
    it('opens more watches with one new token, and does not disturb its open watch', async () => {
      const client = connect(etcd().endpoints, { auth: reader });
      const first = client.watch({ prefix: folder });
      await first.ready;
      const received = recordWatch(first);
      const lost: StatusEvent[] = [];
      const listening = (async () => {
        for await (const event of client.status()) if (event.type === 'disconnected') lost.push(event);
      })();
      const { revision } = await admin.kv.put(`${folder}before`, 'v');
      await eventually('the event arrives', () => received.events.length === 1);
      await expiry();
      const before = await authentications();
      const more = Array.from({ length: 20 }, (_, i) =>
        client.watch({ prefix: folder }, i % 2 === 0 ? {} : { startRevision: revision + 1n }),
      );
      await Promise.all(more.map(({ ready }) => ready));
      assert.equal((await authentications()) - before, 1);
      await admin.kv.put(`${folder}after`, 'v');
      await eventually('the next event arrives', () => received.events.length === 2);
      assert.deepEqual(lost, [], 'no stream was lost');
      for (const one of more.map(recordWatch)) {
        await eventually('the new watches have the event', () => one.events.length === 1);
        assert.deepEqual(one.events.map(describeEvent), received.events.slice(1).map(describeEvent));
      }
      await client.close();
      await listening;
    });

    it('makes concurrent calls with one new token', async () => {
      const client = connect(etcd().endpoints, { auth: reader });
      await client.kv.get(`${folder}k`);
      await expiry();
      const before = await authentications();
      await Promise.all(Array.from({ length: 50 }, () => client.kv.get(`${folder}k`)));
      assert.equal((await authentications()) - before, 1);
    });

    it('obtains one new token after each expiry', async () => {
      const client = connect(etcd().endpoints, { auth: reader });
      await client.kv.get(`${folder}k`);
      for (let round = 0; round < 2; round++) {
        await expiry();
        const before = await authentications();
        await Promise.all([
          client.watch({ prefix: folder }).ready,
          client.watch({ prefix: folder }, { startRevision: 1n }).ready,
          client.kv.get(`${folder}k`),
        ]);
        assert.equal((await authentications()) - before, 1, `round ${round}`);
      }
    });

    it('loses no event of fifty watches when a restart of etcd invalidates all tokens', async () => {
      const client = connect(etcd().endpoints, { auth: reader });
      const records = await Promise.all(
        Array.from({ length: 50 }, async () => {
          const watcher = client.watch({ prefix: folder });
          await watcher.ready;
          return recordWatch(watcher);
        }),
      );
      await admin.kv.put(`${folder}before`, 'v');
      await etcd().restart();
      await admin.kv.put(`${folder}after`, 'v');
      for (const received of records)
        await eventually('the event arrives', () => received.events.length === 2);
      const asked = await authentications(); // the restart reset the counter
      assert.ok(asked <= 3, `${asked} for two clients`);
    });
  });

  it('rejects a wrong password immediately with a typed error, for every operation', async () => {
    const client = connect(etcd().endpoints, { auth: { username: 'root', password: secretOf('wrong') } });
    const before = await authentications();
    await assert.rejects(client.kv.get(`${folder}k`), UnauthenticatedError);
    for (const options of [{}, { startRevision: 1n }]) {
      const watcher = client.watch({ prefix: folder }, options);
      await assert.rejects(watcher.ready, UnauthenticatedError);
      assert.ok((await recordWatch(watcher).ended) instanceof UnauthenticatedError);
    }
    const mirror = client.mirror({ prefix: folder });
    await assert.rejects(mirror[Symbol.asyncIterator]().next(), UnauthenticatedError);
    const asked = (await authentications()) - before;
    assert.ok(asked > 0 && asked <= 4, `${asked} for four uses`);
  });

  it('ends a watch without permission with a typed error, and delays no other watch', async () => {
    const client = connect(etcd().endpoints, { auth: reader });
    const forbidden: ReturnType<typeof recordWatch>[] = [];
    const allowed: ReturnType<typeof recordWatch>[] = [];
    const ready: Promise<bigint>[] = [];
    for (let i = 0; i < 50; i++) {
      const options = i % 2 === 0 ? {} : { startRevision: 1n };
      forbidden.push(recordWatch(client.watch({ prefix: `private/${i}` }, options)));
      const watcher = client.watch({ prefix: folder });
      ready.push(watcher.ready);
      allowed.push(recordWatch(watcher));
    }
    await Promise.all(ready);
    for (const { ended, events } of forbidden) {
      const error = await ended;
      assert.ok(error instanceof PermissionDeniedError, String(error));
      assert.equal(events.length, 0);
    }
    await admin.kv.put(`${folder}k`, 'v');
    for (const received of allowed) await eventually('the event arrives', () => received.events.length === 1);
  });

  it('ends only the watches that lost their permission, at the next reconnect', async () => {
    await admin.kv.put(`${folder}k`, 'v');
    await gateway.callAsRoot('role/grant', {
      name: 'public',
      perm: { permType: 'READ', key: base64('lent/'), range_end: base64('lent0') },
    });
    const client = connect(etcd().endpoints, { auth: reader });
    const [lent, kept] = [client.watch({ prefix: 'lent/' }), client.watch({ prefix: folder })];
    await Promise.all([lent.ready, kept.ready]);
    const [received, stays] = [recordWatch(lent), recordWatch(kept)];
    await admin.kv.put('lent/k', 'v');
    await eventually('the event arrives', () => received.events.length === 1);
    await gateway.callAsRoot('role/revoke', {
      role: 'public',
      key: base64('lent/'),
      range_end: base64('lent0'),
    });
    await etcd().restart();
    const error = await received.ended;
    assert.ok(error instanceof PermissionDeniedError, String(error));
    assert.equal(received.events.length, 1);
    await admin.kv.put(`${folder}k`, 'w');
    await eventually('the other watch has the event', () => stays.events.length === 1);
  });
});
