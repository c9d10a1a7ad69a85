import assert from 'node:assert/strict';
import { EtcdError, UnauthenticatedError } from '#src/errors/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { AuthGateway } from '../../support/auth-gateway.js';
import { secretOf } from '../../support/canary.js';
import { skipIfExternal } from '../../support/etcd.js';
import { startJwtEtcd } from '../../support/jwt-etcd.js';
import { eventually, useClients } from './support.js';

const password = secretOf('root of tokens');
const root = { username: 'root', password };

describe('an etcd whose authentication is switched on and off', () => {
  const { connect } = useClients();
  let etcd: EtcdHandle | undefined;
  const gateway = new AuthGateway(() => etcd!, password);

  before(async function () {
    skipIfExternal(this);
    this.timeout(300_000);
    etcd = await startEtcd();
    await gateway.addRoot();
  });

  after(() => etcd?.close());

  for (const [who, auth] of [
    ['a user and a password', root],
    ['a token provider', { tokenProvider: () => gateway.token().catch(() => 'no token to be had') }],
  ] as const) {
    it(`keeps serving the calls, watches and leases of a client with ${who}`, async () => {
      const client = connect(etcd!.endpoints, { auth });
      const watcher = client.watch({ prefix: 'toggled/' });
      await watcher.ready;
      const iterator = watcher[Symbol.asyncIterator]();
      const lease = await client.lease.hold({ ttlSeconds: 60 });
      for (const turn of ['off', 'on', 'off again', 'on again', 'off at last']) {
        if (turn.startsWith('on')) await gateway.enable();
        else if (turn !== 'off') await gateway.disable();
        await client.kv.put(`toggled/${turn}`, 'v', { lease: lease.id });
        const { value } = await iterator.next();
        assert.equal(value?.events[0]?.kv.key.toString(), `toggled/${turn}`);
        await client.watch('toggled/new').ready;
        assert.equal(lease.held, true);
      }
      await lease.revoke();
      await watcher.close();
    });
  }

  it('refuses a client without credentials while authentication is on, and serves it again when it is off', async () => {
    const client = connect(etcd!.endpoints);
    await client.kv.put('k', 'v');
    await gateway.enable();
    await assert.rejects(client.kv.put('k', 'v'), UnauthenticatedError);
    await gateway.disable();
    await client.kv.put('k', 'v');
  });
});

describe('an etcd that issues JWTs that are valid for five seconds', () => {
  const { connect } = useClients();
  let jwt: Awaited<ReturnType<typeof startJwtEtcd>> | undefined;
  let etcd: EtcdHandle | undefined;
  const gateway = new AuthGateway(() => etcd!, password);

  before(async function () {
    skipIfExternal(this);
    this.timeout(300_000);
    jwt = await startJwtEtcd(5);
    etcd = jwt.etcd;
    await gateway.addRoot();
    await gateway.enable();
  });

  after(() => jwt?.close());

  const provider = () => {
    const counts = { asked: 0 };
    const tokenProvider = () => {
      counts.asked++;
      return gateway.token();
    };
    return { counts, tokenProvider };
  };

  it('serves a hundred calls of a client that calls its token provider once', async () => {
    const { counts, tokenProvider } = provider();
    const client = connect(etcd!.endpoints, { auth: { tokenProvider } });
    await Promise.all(Array.from({ length: 100 }, (_, i) => client.kv.put(`k${i}`, 'v')));
    assert.equal(counts.asked, 1);
  });

  it('refuses no token of clients with a token provider or a password, because they renew their tokens before those expire', async () => {
    const { counts, tokenProvider } = provider();
    const clients = [{ tokenProvider }, root].map((auth) => connect(etcd!.endpoints, { auth }));
    const before = await rejections(etcd!);
    const until = performance.now() + 10_000;
    const calls = await Promise.all(
      clients.map(async (client) => {
        let made = 0;
        while (performance.now() < until) {
          await client.kv.put('k', String(made++));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return made;
      }),
    );
    assert.ok(Math.min(...calls) > 50, `${calls}`);
    assert.ok(counts.asked > 1, 'the provider was called again after its first token expired');
    assert.equal((await rejections(etcd!)) - before, 0);
  });

  it('gets one new token from a client for fifty calls after a change of roles invalidates its token', async () => {
    const { counts, tokenProvider } = provider();
    const client = connect(etcd!.endpoints, { auth: { tokenProvider } });
    await client.kv.put('k', 'v');
    const asked = counts.asked;
    await gateway.callAsRoot('role/add', { name: `r${Date.now()}` });
    await Promise.all(Array.from({ length: 50 }, () => client.kv.put('k', 'v')));
    assert.equal(counts.asked - asked, 1);
  });

  it('serves calls and a watch once a failing token provider works; until then calls reject with its error', async () => {
    let broken = true;
    const client = connect(etcd!.endpoints, {
      auth: {
        tokenProvider: () => {
          if (broken) throw new Error('the vault is sealed');
          return gateway.token();
        },
      },
    });
    const watcher = client.watch('watched');
    await assert.rejects(client.kv.get('k'), (error) => {
      assert.ok(error instanceof EtcdError);
      assert.match(error.message, /tokenProvider failed/);
      assert.ok(error.cause instanceof Error && /sealed/.test(error.cause.message));
      return true;
    });
    broken = false;
    await eventually('calls are answered', () =>
      client.kv.get('k').then(
        () => true,
        () => false,
      ),
    );
    await watcher.ready;
  });
});

/** How many calls etcd has refused as Unauthenticated or InvalidArgument, which includes every refused token. */
async function rejections(etcd: EtcdHandle): Promise<number> {
  const lines = (await etcd.metrics()).split('\n');
  return lines
    .filter((line) => line.startsWith('grpc_server_handled_total{'))
    .filter((line) => /"(Unauthenticated|InvalidArgument)"/.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
