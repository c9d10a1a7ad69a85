import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import type { GetResult } from '#src/kv/index.js';
import { AuthGateway } from '../../../support/auth-gateway.js';
import { callsDuring, readerOf, untilBatched } from '../../../support/batched-reads.js';
import { secretOf } from '../../../support/canary.js';
import { skipIfExternal, useEtcd } from '../../../support/etcd.js';
import { folderOf, useClients } from '../../client/support.js';

const rootPassword = secretOf('root of batched reads');
const password = secretOf('user of batched reads');
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a transaction of reads that etcd refuses', () => {
  before(function () {
    skipIfExternal(this);
  });

  describe('for one of its keys', () => {
    const etcd = useEtcd();
    const { connect } = useClients();
    const gateway = new AuthGateway(etcd, rootPassword);
    let client: EtcdClient;

    /** The role may read `NAME/`, not `NAME0…`. */
    async function addUser(name: string): Promise<void> {
      await gateway.callAsRoot('role/add', { name });
      await grant(name, `${name}/`, `${name}0`);
      await gateway.callAsRoot('user/add', { name, password });
      await gateway.callAsRoot('user/grant', { user: name, role: name });
    }

    const grant = (role: string, key: string, end: string) =>
      gateway.callAsRoot('role/grant', {
        name: role,
        perm: { permType: 'READ', key: base64(key), range_end: base64(end) },
      });

    before(async () => {
      await gateway.addRoot();
      await gateway.enable();
    });

    let users = 0;
    let user: string;
    beforeEach(async () => {
      user = `u${users++}`;
      await addUser(user);
      client = connect(etcd().endpoints, { auth: { username: user, password } });
      await untilBatched(etcd(), readerOf(client.kv), `${user}/`);
    });

    const allowed = (count: number) => Array.from({ length: count }, (_, i) => `${user}/${i}`);

    it('rejects the caller of that key alone, with its own error', async () => {
      const keys = [...allowed(5), 'secret', 'secret', 'hidden'];
      const outcomes = await Promise.allSettled(keys.map((key) => client.kv.get(key)));
      const errors = outcomes.flatMap((one, i) => {
        if (i < 5) assert.equal(one.status, 'fulfilled');
        return one.status === 'rejected' ? [one.reason as unknown] : [];
      });
      for (const [i, error] of errors.entries()) {
        assert.ok(error instanceof PermissionDeniedError, String(error));
        assert.ok(
          error.message.includes(`user '${user}' may not read '${keys[5 + i]}' (Range)`),
          error.message,
        );
        for (const one of allowed(5)) assert.ok(!error.message.includes(one), error.message);
      }
      assert.equal(new Set(errors).size, 3);
    });

    it('is not sent with that key again', async () => {
      const read = () => Promise.allSettled([...allowed(5), 'secret'].map((key) => client.kv.get(key)));
      const first = await callsDuring(etcd(), read);
      assert.deepEqual(first, { ranges: 6, txns: 1 }, 'refused, then read separately');
      for (let i = 0; i < 3; i++)
        assert.deepEqual(await callsDuring(etcd(), read), { ranges: 1, txns: 1 }, 'the refused key alone');
    });

    it('has the key again once the user may read it', async () => {
      const read = () => Promise.allSettled([...allowed(5), 'secret'].map((key) => client.kv.get(key)));
      await read();
      await grant(user, 'secret', 'secret0');
      const [, , , , , secret] = await read();
      assert.equal(secret?.status, 'fulfilled');
      assert.deepEqual(await callsDuring(etcd(), read), { ranges: 0, txns: 1 });
    });

    it('for its token makes the client fetch one new token, and every caller has its result', async () => {
      for (const key of allowed(5)) {
        const root = connect(etcd().endpoints, { auth: { username: 'root', password: rootPassword } });
        await root.kv.put(key, key);
      }
      // A change of a user invalidates simple tokens.
      await gateway.callAsRoot('user/changepw', { name: user, password });
      let results: GetResult[] = [];
      const calls = await callsDuring(etcd(), async () => {
        results = await Promise.all(allowed(5).map((key) => client.kv.get(key)));
      });
      assert.deepEqual(
        results.map(({ kv }) => kv?.value.toString()),
        allowed(5),
      );
      assert.deepEqual(calls, { ranges: 5, txns: 1 });
      const next = () => Promise.all(allowed(5).map((key) => client.kv.get(key)));
      assert.deepEqual(await callsDuring(etcd(), next), { ranges: 0, txns: 1 });
    });
  });

  describe('for its number of operations', () => {
    const etcd = useEtcd({ args: ['--max-txn-ops', '20'] });
    const { connect } = useClients();
    let folder: string;

    beforeEach(() => {
      folder = folderOf(etcd());
    });

    const read = (client: EtcdClient, count: number) => () =>
      Promise.all(Array.from({ length: count }, (_, i) => client.kv.get(`${folder}${i}`)));

    it('is replaced by separate reads, and not repeated in the next turn', async () => {
      const client = connect(etcd().endpoints);
      await untilBatched(etcd(), { get: (key) => Promise.all([key, key].map(() => client.kv.get(key))) });
      assert.deepEqual(await callsDuring(etcd(), read(client, 50)), { ranges: 50, txns: 1 });
      const next = await callsDuring(etcd(), read(client, 50));
      assert.equal(next.ranges, 0);
      assert.equal(next.txns, 25, 'two, as in the largest that was accepted');
    });

    it('is not sent if maxTxnOps says so', async () => {
      const client = connect(etcd().endpoints, { maxTxnOps: 20 });
      await untilBatched(etcd(), readerOf(client.kv));
      assert.deepEqual(await callsDuring(etcd(), read(client, 50)), { ranges: 0, txns: 3 });
    });

    it('at once is not sent again for a while', async () => {
      const client = connect(etcd().endpoints);
      const readAll = read(client, 40);
      let calls = await callsDuring(etcd(), readAll);
      while (calls.txns === 0) calls = await callsDuring(etcd(), readAll);
      assert.deepEqual(calls, { ranges: 40, txns: 1 });
      assert.deepEqual(await callsDuring(etcd(), readAll), { ranges: 40, txns: 0 });
      assert.deepEqual(await callsDuring(etcd(), read(client, 5)), { ranges: 5, txns: 0 });
    });
  });

  describe('because the store is full', () => {
    const etcd = useEtcd({ args: ['--quota-backend-bytes', String(2 * 1024 * 1024)] });
    const { connect } = useClients();

    it('does not exist: reads travel together, and raise no alarm', async () => {
      const folder = folderOf(etcd());
      const client = connect(etcd().endpoints);
      await untilBatched(etcd(), readerOf(client.kv));
      const value = Buffer.alloc(512 * 1024);
      const filled = await (async () => {
        for (let i = 0; i < 400; i++) await client.kv.put(`${folder}${i}`, value);
      })().catch((error: unknown) => error);
      assert.ok(filled instanceof EtcdError && filled.reason === 'NoSpace', String(filled));
      const keys = Array.from({ length: 10 }, (_, i) => `${folder}none/${i}`);
      let results: GetResult[] = [];
      const read = async () => {
        results = await Promise.all(keys.map((key) => client.kv.get(key)));
      };
      assert.deepEqual(await callsDuring(etcd(), read), { ranges: 0, txns: 1 });
      assert.equal(results.length, 10);
      // After an operator has cleared the alarm, it stays off although the store is still full.
      const alarm = (message: object) =>
        fetch(`http://${etcd().endpoints[0]}/v3/maintenance/alarm`, {
          method: 'POST',
          body: JSON.stringify(message),
          headers: { connection: 'close' },
        }).then((response) => response.json() as Promise<{ alarms?: { memberID: string }[] }>);
      const { alarms = [] } = await alarm({ action: 'GET' });
      assert.equal(alarms.length, 1);
      await alarm({ ...alarms[0], action: 'DEACTIVATE', alarm: 'NOSPACE' });
      assert.deepEqual(await callsDuring(etcd(), read), { ranges: 0, txns: 1 });
      assert.equal((await alarm({ action: 'GET' })).alarms?.length ?? 0, 0);
    });
  });

  describe('because its answer is too large for the client', () => {
    const etcd = useEtcd();
    const { connect } = useClients();

    it('is replaced by separate reads, and the next is smaller', async () => {
      const folder = folderOf(etcd());
      const writer = connect(etcd().endpoints);
      const keys = Array.from({ length: 20 }, (_, i) => `${folder}${i}`);
      for (const key of keys) await writer.kv.put(key, Buffer.alloc(100_000, 'v'));
      const client = connect(etcd().endpoints, { maxReceiveBytes: 1_000_000 });
      await untilBatched(etcd(), readerOf(client.kv));
      const read = async () => {
        for (const { kv } of await Promise.all(keys.map((key) => client.kv.get(key))))
          assert.equal(kv?.value.length, 100_000);
      };
      assert.deepEqual(await callsDuring(etcd(), read), { ranges: 20, txns: 1 });
      const next = await callsDuring(etcd(), read);
      assert.equal(next.ranges, 0, JSON.stringify(next));
      assert.ok(next.txns >= 4 && next.txns <= 7, JSON.stringify(next));
    });

    it('has the key of a value that is too large by itself no more', async () => {
      const folder = folderOf(etcd());
      const writer = connect(etcd().endpoints);
      const keys = Array.from({ length: 5 }, (_, i) => `${folder}${i}`);
      for (const key of keys) await writer.kv.put(key, 'small');
      await writer.kv.put(`${folder}large`, Buffer.alloc(1_200_000, 'v'));
      const client = connect(etcd().endpoints, { maxReceiveBytes: 1_000_000 });
      await untilBatched(etcd(), readerOf(client.kv));
      const read = async () => {
        const outcomes = await Promise.allSettled(
          [...keys, `${folder}large`].map((key) => client.kv.get(key)),
        );
        const reasons = outcomes.map((one) => one.status === 'rejected' && one.reason.reason);
        assert.deepEqual(reasons, [...keys.map(() => false), 'ResponseTooLarge']);
      };
      assert.deepEqual(await callsDuring(etcd(), read), { ranges: 6, txns: 1 });
      assert.deepEqual(await callsDuring(etcd(), read), { ranges: 1, txns: 1 });
    });
  });
});
