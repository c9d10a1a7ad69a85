import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { diagnosticsChannels } from '#src/diagnostics/index.js';
import { EtcdError, UnauthenticatedError } from '#src/errors/index.js';
import { AuthGateway } from '../../support/auth-gateway.js';
import { AuthStore } from '../../support/auth-store.js';
import { secretOf } from '../../support/canary.js';
import { skipIfExternal } from '../../support/etcd.js';
import { startJwtEtcd } from '../../support/jwt-etcd.js';
import { usePublished } from '../../support/published.js';
import { eventually, useClients } from '../client/support.js';

const name = 'tokens-seen';
const password = secretOf('root of published tokens');
const root = { username: 'root', password };

/** The type and the cause of each event. */
const summary = (events: readonly { readonly type: string; readonly cause: string }[]) =>
  events.map(({ type, cause }) => `${type} ${cause}`);

describe('the channel of tokens', function () {
  this.timeout(60_000);
  const { connect } = useClients();
  const tokens = usePublished(diagnosticsChannels.token, name);
  let store: AuthStore | undefined;

  before(async function () {
    skipIfExternal(this);
    store = await AuthStore.start(password);
  });

  after(() => store?.close());

  it('publishes one event for all calls that wait for the first token, and the metrics count it', async () => {
    const client = connect(store!.etcd.endpoints, { name, auth: root });
    assert.deepEqual(client.metrics().token?.renewals.initial, 0);
    await Promise.all([1, 2, 3].map((n) => client.kv.put(`k${n}`, '')));
    const [event, ...others] = tokens();
    assert.deepEqual(others, []);
    assert.ok(event?.type === 'renewed' && event.generation === 1 && event.durationMs > 0);
    const counted = {
      renewals: { initial: 1, expiring: 0, refused: 0, 'replaced-store': 0 },
      failures: 0,
    };
    assert.deepEqual(client.metrics().token, counted);
    await client.close();
    assert.deepEqual(client.metrics().token, counted, 'a closed client keeps its counters');
  });

  it('is silent for a client without credentials, which has no such metrics', async () => {
    const client = connect(store!.etcd.endpoints, { name });
    await assert.rejects(client.kv.get('k'), UnauthenticatedError);
    assert.deepEqual(tokens(), []);
    assert.equal(client.metrics().token, undefined);
  });

  it('publishes a wrong password as a failure, without the password', async () => {
    const wrong = secretOf('a wrong password');
    const client = connect(store!.etcd.endpoints, { name, auth: { username: 'root', password: wrong } });
    await assert.rejects(client.kv.get('k'), UnauthenticatedError);
    assert.deepEqual(summary(tokens()), ['failed initial']);
    assert.ok(!inspect(tokens(), { depth: 10, showHidden: true }).includes(wrong));
    assert.equal(client.metrics().token?.failures, 1);
  });

  for (const thrown of ['an Error', 'an EtcdError'] as const) {
    it(`publishes that a provider threw ${thrown}, without its text`, async () => {
      const secret = secretOf(`what a provider throws as ${thrown}`);
      const auth = {
        tokenProvider: () => {
          throw thrown === 'an Error' ? new Error(secret) : new EtcdError(secret, { code: 14 });
        },
      };
      const client = connect(store!.etcd.endpoints, { name, auth });
      await assert.rejects(client.kv.get('k', { timeoutMs: 500 }));
      const [event] = tokens();
      assert.ok(event?.type === 'failed');
      assert.match(event.error.message, /auth\.tokenProvider failed$/);
      assert.ok(!inspect(tokens(), { depth: 10, showHidden: true }).includes(secret));
    });
  }

  it('publishes that a refused token was replaced, or that the provider has no other', async () => {
    const client = connect(store!.etcd.endpoints, { name, auth: root });
    await client.kv.put('k', '');
    let token = await store!.gateway.token();
    const provided = connect(store!.etcd.endpoints, { name, auth: { tokenProvider: () => token } });
    await provided.kv.put('k', '');
    await store!.etcd.restart(); // simple tokens are in the memory of the member
    await client.kv.put('k', '', { timeoutMs: 20_000 });
    assert.deepEqual(summary(tokens()), ['renewed initial', 'renewed initial', 'renewed refused']);
    await assert.rejects(provided.kv.put('k', ''), UnauthenticatedError);
    assert.equal(summary(tokens())[3], 'unchanged refused');
    token = await store!.gateway.token();
    await provided.kv.put('k', '');
    assert.equal(summary(tokens()).at(-1), 'renewed refused');
    assert.equal(provided.metrics().token?.renewals.refused, 1);
  });

  it('publishes a token that belongs to a replaced store with this cause', async () => {
    const admin = connect(store!.etcd.endpoints, { auth: root });
    for (let i = 0; i < 300; i++) await admin.kv.put('filler', '');
    await admin.close();
    const client = connect(store!.etcd.endpoints, { name, auth: root });
    await client.kv.put('k', '');
    await store!.wipe();
    await client.kv.put('k', '', { timeoutMs: 30_000 });
    const causes = summary(tokens()).filter((text) => text.startsWith('renewed'));
    assert.deepEqual(causes, ['renewed initial', 'renewed replaced-store']);
  });

  it('publishes that authentication was disabled', async () => {
    const client = connect(store!.etcd.endpoints, { name, auth: root });
    await store!.gateway.disable();
    try {
      await client.kv.put('k', '');
      assert.deepEqual(summary(tokens()), ['not-needed initial']);
    } finally {
      await store!.gateway.enable();
    }
  });
});

describe('the channel of tokens that expire after five seconds', function () {
  this.timeout(60_000);
  const { connect } = useClients();
  const tokens = usePublished(diagnosticsChannels.token, name);
  let jwt: Awaited<ReturnType<typeof startJwtEtcd>> | undefined;

  before(async function () {
    skipIfExternal(this);
    jwt = await startJwtEtcd(5);
    const gateway = new AuthGateway(() => jwt!.etcd, password);
    await gateway.addRoot();
    await gateway.enable();
  });

  after(() => jwt?.close());

  it('publishes each renewal before the end of a token', async () => {
    const client = connect(jwt!.etcd.endpoints, { name, auth: root });
    await eventually('a renewal', async () => {
      await client.kv.put('k', '');
      return tokens().length > 1;
    });
    assert.deepEqual(summary(tokens()), ['renewed initial', 'renewed expiring']);
    assert.equal(client.metrics().token?.renewals.expiring, 1);
  });
});
