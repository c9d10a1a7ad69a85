import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { Code, EtcdError, UnauthenticatedError } from '#src/errors/index.js';
import { AuthenticateRequest, AuthenticateResponse } from '#src/gen/etcd/rpc.js';
import { register } from '#src/naming/index.js';
import { canary, registerSecret, secretOf, secretsInUse } from '../../support/canary.js';
import { type ScriptedCall, useScriptedServer } from '../../support/scripted-server.js';
import { eventually } from '../client/support.js';

const auth = { username: 'somebody', password: secretOf('of the canary test') };
const token = secretOf('token of the canary test');
const timeoutMs = 400;

/** Everything that a program, a log or a debugger could make of a value. */
function spelledOut(value: unknown): string {
  const parts = [
    inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null }),
  ];
  parts.push(
    String(value),
    `${JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}` : one))}`,
  );
  for (let error = value; error instanceof Error; error = error.cause) {
    parts.push(String(error), error.message, error.stack ?? '', JSON.stringify(error));
  }
  return parts.join('\n');
}

function assertClean(what: string, value: unknown): void {
  const text = spelledOut(value);
  const bytes = [...secretsInUse()].flatMap((secret) => [
    secret,
    Buffer.from(secret).toString('base64').slice(0, -4),
    Buffer.from(secret).toString('hex'),
    inspect(Buffer.from(secret)).slice(8, -2),
  ]);
  const found = bytes.filter((secret) => secret.length >= 8 && text.includes(secret));
  // The text itself would put the secret into the output, where the runner looks for it.
  assert.equal(found.length, 0, `${what} shows a secret, in ${text.length} characters`);
}

/** How a server may fail a call. */
const failures: Readonly<Record<string, (call: ScriptedCall) => void>> = {
  'turns the token down': (call) => call.end(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token'),
  'finds the token old': (call) =>
    call.end(Code.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old'),
  'misses a token': (call) => call.end(Code.INVALID_ARGUMENT, 'etcdserver: user name is empty'),
  'denies permission': (call) => call.end(Code.PERMISSION_DENIED, 'etcdserver: permission denied'),
  'says that it timed out': (call) => call.end(Code.UNAVAILABLE, 'etcdserver: request timed out'),
  'says nothing': () => {},
  'hangs up': (call) => call.stream.session?.destroy(),
  'answers garbage': (call) => call.reply(Buffer.from('%%%%')),
};

describe('no password, token or key stands in', () => {
  let play: (call: ScriptedCall) => void = () => {};
  let authenticate: (call: ScriptedCall) => void = () => {};
  const passwords: string[] = [];
  const tokens: unknown[] = [];
  const server = useScriptedServer((call) => {
    if (call.method !== 'Authenticate') {
      tokens.push(call.headers['token']);
      call.stream.resume();
      play(call);
      return;
    }
    call.onMessage((bytes) => {
      passwords.push(AuthenticateRequest.decode(bytes).password);
      authenticate(call);
    });
  });
  const givesToken = (call: ScriptedCall) =>
    call.reply(AuthenticateResponse.encode(AuthenticateResponse.fromPartial({ token })).finish());
  let clients: EtcdClient[] = [];

  beforeEach(() => {
    authenticate = givesToken;
    passwords.length = 0;
    tokens.length = 0;
  });

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    clients = [];
  });

  function connect(options: Partial<EtcdClientOptions> = {}): EtcdClient {
    const client = new EtcdClient({ endpoints: [server().endpoint], auth, timeoutMs, ...options });
    clients.push(client);
    return client;
  }

  /** Every kind of call; what each of them threw. */
  async function fail(client: EtcdClient): Promise<Map<string, unknown>> {
    const watcher = client.watch('k', { startRevision: 1n, signal: AbortSignal.timeout(timeoutMs) });
    const mirror = client.mirror({ prefix: 'k' }, { signal: AbortSignal.timeout(timeoutMs) });
    const target = { target: 't', endpoint: { addr: 'a:1' }, timeoutMs };
    const calls: Readonly<Record<string, Promise<unknown>>> = {
      get: client.kv.get('k'),
      put: client.kv.put('k', 'v'),
      delete: client.kv.delete('k'),
      txn: client.kv.txn({ compare: [] }),
      compact: client.kv.compact(1n),
      grant: client.lease.grant({ ttlSeconds: 5 }),
      hold: client.lease.hold({ ttlSeconds: 5 }),
      revoke: client.lease.revoke(5n),
      leases: client.lease.list(),
      watch: watcher[Symbol.asyncIterator]().next(),
      ready: watcher.ready,
      mirror: mirror[Symbol.asyncIterator]().next(),
      register: register(client, target),
      tooLarge: client.kv.put('k', Buffer.alloc(2_000_000)),
    };
    const thrown = new Map<string, unknown>();
    const settle = async ([name, call]: [string, Promise<unknown>]) => {
      await call.catch((error: unknown) => thrown.set(name, error));
    };
    await Promise.all(Object.entries(calls).map(settle));
    for (const [name, handle] of Object.entries({ watcher, mirror, kv: client.kv, lease: client.lease })) {
      assertClean(name, handle);
    }
    return thrown;
  }

  for (const [what, how] of Object.entries(failures)) {
    it(`the errors, handles, status and diagnostics of a client whose server ${what}`, async () => {
      play = how;
      const client = connect();
      const told: unknown[] = [];
      const published: unknown[] = [];
      const listen = (message: unknown) => published.push(message);
      subscribe('etcd-naming:status', listen);
      const following = (async () => {
        for await (const event of client.status()) told.push(event);
      })();
      try {
        const thrown = await fail(client);
        assert.ok(thrown.size >= 12, `${[...thrown.keys()]} failed`);
        for (const [name, error] of thrown) assertClean(`the error of ${name}`, error);
        assertClean('the client', client);
        await client.close();
        await following;
        assertClean('the status', told);
        assertClean('the diagnostics', published);
        assertClean('the closed client', client);
      } finally {
        unsubscribe('etcd-naming:status', listen);
      }
      // They were there to be leaked.
      assert.ok(passwords.includes(auth.password));
      assert.ok(tokens.includes(token));
    });
  }

  it('the errors of a wrong password', async () => {
    const text = 'etcdserver: authentication failed, invalid user ID or password';
    authenticate = (call) => call.end(Code.INVALID_ARGUMENT, text);
    const client = connect();
    const thrown = await fail(client);
    assert.ok(thrown.get('get') instanceof UnauthenticatedError);
    for (const [name, error] of thrown) assertClean(`the error of ${name}`, error);
    assertClean('the client', client);
    assert.ok(passwords.includes(auth.password));
  });

  it('the errors of an Authenticate that fails in any other way', async () => {
    for (const [what, how] of Object.entries(failures)) {
      passwords.length = 0;
      authenticate = how;
      const client = connect();
      const thrown = await fail(client);
      assert.ok(thrown.size >= 12, `${what}: ${[...thrown.keys()]} failed`);
      assert.ok(passwords.includes(auth.password), `${what}: there was nothing to be leaked`);
      for (const [name, error] of thrown) assertClean(`the error of ${name}`, error);
      await client.close();
    }
  });

  it('the errors of a client that closes', async () => {
    play = () => {};
    const client = connect({ timeoutMs: 60_000 });
    const calls = [client.kv.get('k'), client.kv.put('k', 'v'), client.lease.grant({ ttlSeconds: 5 })];
    await eventually('they are under way', () => server().calls.includes('Put'));
    const settled = Promise.allSettled(calls);
    await client.close();
    for (const result of await settled) {
      assert.ok(result.status === 'rejected' && result.reason instanceof EtcdError);
      assertClean('the error', result.reason);
    }
  });

  it('what a bad private key or a bad address throws', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    registerSecret(key);
    const wrong: readonly Partial<EtcdClientOptions>[] = [
      { endpoints: ['https://127.0.0.1:1'], tls: { key, cert: 'no certificate' } },
      { endpoints: ['https://127.0.0.1:1'], tls: { key } },
      { endpoints: [`http://root:${auth.password}@127.0.0.1:1`] },
      { endpoints: ['http://127.0.0.1:1'], tls: { key, cert: key } },
    ];
    for (const options of wrong) {
      let thrown: unknown;
      try {
        const client = connect(options);
        assertClean('the client', client);
        await client.kv.get('k');
      } catch (error) {
        thrown = error;
      }
      assert.ok(thrown instanceof Error, 'it resolved');
      assertClean('the error', thrown);
    }
  });

  it('and they would be found here if they did', () => {
    for (const bad of [{ auth }, new Error('x', { cause: new Error(token) }), Buffer.from(canary), [auth]]) {
      assert.throws(() => assertClean('this', bad), /shows a secret/);
    }
  });
});
