import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { Client, credentials } from '@grpc/grpc-js';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { Code, EtcdError, InvalidInputError, UnauthenticatedError } from '#src/errors/index.js';
import { AuthenticateRequest, AuthenticateResponse } from '#src/gen/etcd/rpc.js';
import { channelTarget, registerEtcdResolver } from '#src/naming/grpc/index.js';
import { register } from '#src/naming/index.js';
import { canary, registerSecret, secretOf } from '../../support/canary.js';
import { assertClean } from '../../support/clean.js';
import { Observed } from '../../support/observed.js';
import { type ScriptedCall, useScriptedServer } from '../../support/scripted-server.js';
import { CommandProcess, main } from '../cli/support.js';
import { eventually } from '../client/support.js';

const auth = { username: 'user', password: secretOf('of the canary test') };
const token = secretOf('token of the canary test');
const timeoutMs = 400;

/** Ways in which a server can fail a call. */
const failures: Readonly<Record<string, (call: ScriptedCall) => void>> = {
  'rejects the token': (call) => call.end(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token'),
  'reports that the token is outdated': (call) =>
    call.end(Code.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old'),
  'reports that the token is missing': (call) =>
    call.end(Code.INVALID_ARGUMENT, 'etcdserver: user name is empty'),
  'denies permission': (call) => call.end(Code.PERMISSION_DENIED, 'etcdserver: permission denied'),
  'reports a timeout': (call) => call.end(Code.UNAVAILABLE, 'etcdserver: request timed out'),
  'does not answer': () => {},
  'closes the connection': (call) => call.stream.session?.destroy(),
  'answers garbage': (call) => call.reply(Buffer.from('%%%%')),
};

describe('no password, token or key appears in', () => {
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

  /** Waits until the server has what could leak: on a slow machine, calls may fail before they are sent. */
  const untilSent = (client: EtcdClient, what: string, isSent: () => boolean) =>
    eventually(`the server has received ${what}`, async () => {
      await client.kv.get('k').catch(() => {});
      return isSent();
    });
  const passwordSent = (client: EtcdClient) =>
    untilSent(client, 'the password', () => passwords.includes(auth.password));
  const secretsSent = (client: EtcdClient) =>
    untilSent(client, 'both secrets', () => passwords.includes(auth.password) && tokens.includes(token));

  /** Makes every kind of call; returns the error of each call that failed. */
  async function fail(client: EtcdClient): Promise<Map<string, unknown>> {
    const watcher = client.watch('k', { startRevision: 1n, signal: AbortSignal.timeout(timeoutMs) });
    const mirror = client.mirror({ prefix: 'k' }, { signal: AbortSignal.timeout(timeoutMs) });
    const target = { target: 't', addr: 'a:1', timeoutMs };
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

  /** Makes a gRPC call whose target this client resolves; returns its error. */
  async function callThrough(client: EtcdClient): Promise<Error & { readonly details: string }> {
    const resolver = registerEtcdResolver(client);
    const { target, options } = channelTarget('some/service');
    const grpc = new Client(target, credentials.createInsecure(), options);
    const same = (bytes: Buffer) => bytes;
    try {
      return await new Promise((resolve, reject) => {
        const soon = { deadline: Date.now() + 1_500 };
        grpc.makeUnaryRequest('/a.Service/Call', same, same, Buffer.alloc(0), soon, (error) =>
          error ? resolve(error) : reject(new Error('it was answered')),
        );
      });
    } finally {
      grpc.close();
      resolver[Symbol.dispose]();
    }
  }

  const secondLine = secretOf('second line of a token');
  const white = { 'a trailing line break': `${token}\n`, 'white space around it': `\r\n \t${token} \r\n` };
  const unfit = {
    'a line break inside': `${token}\n${secondLine}`,
    'carriage returns inside': `${token}\r\n${secondLine}\r\n`,
    'a NUL character': `${token}\0`,
    'a non-ASCII letter': `${token}ä`,
    'more characters than a header allows': token.repeat(4_000),
  };

  for (const [whose, authOf] of Object.entries({
    'from a provider': (given: string): NonNullable<EtcdClientOptions['auth']> => ({
      tokenProvider: () => given,
    }),
    'from etcd': (given: string): NonNullable<EtcdClientOptions['auth']> => {
      const { fromPartial, encode } = AuthenticateResponse;
      authenticate = (call) => call.reply(encode(fromPartial({ token: given })).finish());
      return auth;
    },
  })) {
    for (const [how, given] of Object.entries(white)) {
      it(`errors with a token ${whose} with ${how}, which is trimmed`, async () => {
        play = (call) => call.end(Code.PERMISSION_DENIED, 'etcdserver: permission denied');
        const client = connect({ auth: authOf(given) });
        const thrown = await fail(client);
        for (const [name, error] of thrown) assertClean(`the error of ${name}`, error);
        assertClean('the error of a gRPC call', await callThrough(client));
        assert.ok(tokens.length >= 8, `${tokens.length} calls`);
        assert.ok(
          tokens.every((sent) => sent === token),
          'a call went without the token',
        );
      });
    }

    for (const [how, given] of Object.entries(unfit)) {
      it(`errors, status or client with a token ${whose} with ${how}; nothing is sent`, async () => {
        play = (call) => call.end(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token');
        const client = connect({ auth: authOf(given) });
        const events: unknown[] = [];
        const following = (async () => {
          for await (const event of client.status()) events.push(event);
        })();
        const thrown = await fail(client);
        assert.ok(thrown.size >= 12, `${[...thrown.keys()]} failed`);
        for (const [name, error] of thrown) {
          assertClean(`the error of ${name}`, error);
          // etcd's next token may be valid, so waiting calls retry. A provider's bad token fails them.
          if (whose !== 'from a provider') continue;
          assert.ok(error instanceof InvalidInputError, `${name}: ${String(error).slice(0, 100)}`);
        }
        const error = await callThrough(client);
        assertClean('the error of a gRPC call', error);
        assertClean('its details', error.details);
        if (whose === 'from a provider') assert.match(error.details, /auth\.tokenProvider/);
        assertClean('the client', client);
        await client.close();
        await following;
        assertClean('the status', events);
        assert.deepEqual(tokens, []);
      });
    }
  }

  for (const [how, given] of Object.entries({
    ...white,
    'a line break inside': unfit['a line break inside'],
  })) {
    it(`the output of the command when its token has ${how}`, async () => {
      play = (call) => call.end(Code.PERMISSION_DENIED, 'etcdserver: permission denied');
      const env = { ETCDCTL_ENDPOINTS: server().endpoint, ETCDCTL_AUTH_JWT_TOKEN: given };
      const { code, stdout, stderr } = await new CommandProcess(
        process.execPath,
        [main, 'ls', '--debug'],
        env,
      ).ended;
      assert.notEqual(code, 0);
      assert.notEqual(stderr, '');
      assertClean('the output', `${stdout}${stderr}`);
    });
  }

  for (const [what, how] of Object.entries(failures)) {
    it(`the error details of a gRPC call when the server ${what}`, async () => {
      play = how;
      const client = connect();
      await secretsSent(client); // so that a leak is possible
      const error = await callThrough(client);
      assertClean('the error', error);
      assertClean('its details', error.details);
    });

    it(`the errors, handles, status and diagnostics of a client whose server ${what}`, async () => {
      play = how;
      const observed = new Observed();
      const client = connect({ logger: observed.logger });
      const events: unknown[] = [];
      const following = (async () => {
        for await (const event of client.status()) events.push(event);
      })();
      try {
        await secretsSent(client); // so that a leak is possible
        const thrown = await fail(client);
        assert.ok(thrown.size >= 12, `${[...thrown.keys()]} failed`);
        for (const [name, error] of thrown) assertClean(`the error of ${name}`, error);
        assertClean('the client', client);
        await client.close();
        await following;
        assertClean('the status', events);
        observed.assertClean();
        const counts = observed.counts();
        for (const name of [
          'call:start',
          'call:end',
          'call:error',
          'call:asyncStart',
          'call:asyncEnd',
          'log',
        ])
          assert.ok((counts.get(name) ?? 0) > 0, `nothing was shown on ${name}`);
        assertClean('the metrics', client.metrics());
        assertClean('the closed client', client);
      } finally {
        observed[Symbol.dispose]();
      }
    });
  }

  it('the errors for a wrong password', async () => {
    const text = 'etcdserver: authentication failed, invalid user ID or password';
    authenticate = (call) => call.end(Code.INVALID_ARGUMENT, text);
    const client = connect();
    await passwordSent(client);
    const thrown = await fail(client);
    assert.ok(thrown.get('get') instanceof UnauthenticatedError);
    for (const [name, error] of thrown) assertClean(`the error of ${name}`, error);
    assertClean('the client', client);
  });

  it('the errors when Authenticate fails in any other way', async () => {
    for (const [what, how] of Object.entries(failures)) {
      passwords.length = 0;
      authenticate = how;
      const client = connect();
      await passwordSent(client);
      const thrown = await fail(client);
      assert.ok(thrown.size >= 12, `${what}: ${[...thrown.keys()]} failed`);
      for (const [name, error] of thrown) assertClean(`the error of ${name}`, error);
      await client.close();
    }
  });

  it('the errors of a client that closes', async () => {
    play = () => {};
    const client = connect({ timeoutMs: 60_000 });
    const calls = [client.kv.get('k'), client.kv.put('k', 'v'), client.lease.grant({ ttlSeconds: 5 })];
    await eventually('a put was sent', () => server().calls.includes('Put'));
    const settled = Promise.allSettled(calls);
    await client.close();
    for (const result of await settled) {
      assert.ok(result.status === 'rejected' && result.reason instanceof EtcdError);
      assertClean('the error', result.reason);
    }
  });

  it('the errors for a bad private key or a bad address', async () => {
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
      assert.ok(thrown instanceof Error, 'the call resolved');
      assertClean('the error', thrown);
    }
  });

  it('a value unnoticed: the check finds planted secrets', () => {
    class Getter {
      get hidden() {
        return { deeper: new Map([['k', Buffer.from(token)]]) };
      }
    }
    const hidden = Object.defineProperty({}, Symbol('hidden'), { value: new Uint8Array(Buffer.from(token)) });
    const errors = [new Error('x', { cause: new Error(token) }), new AggregateError([new Error(token)])];
    for (const bad of [{ auth }, Buffer.from(canary), [auth], new Getter(), hidden, ...errors]) {
      assert.throws(() => assertClean('this', bad), /shows a secret/);
    }
  });
});
