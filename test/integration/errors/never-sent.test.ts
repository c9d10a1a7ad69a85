import assert from 'node:assert/strict';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { AmbiguousWriteError, ClosedError, Code, DeadlineError, EtcdError } from '#src/errors/index.js';
import { PutRequest, PutResponse } from '#src/gen/etcd/rpc.js';
import { canary, secretOf } from '../../support/canary.js';
import {
  type ScriptedCall,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.js';
import { eventually } from '../client/support.js';

const header = { clusterId: 1n, memberId: 2n, revision: 5n, raftTerm: 2n };
const putDone = PutResponse.encode(PutResponse.fromPartial({ header })).finish();

describe('a write that was never sent', () => {
  let server: ScriptedServer;
  let client: EtcdClient;
  const clients: EtcdClient[] = [];

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((one) => one.close()));
    await server.close();
  });

  async function start(script: (call: ScriptedCall) => void, options: Partial<EtcdClientOptions> = {}) {
    server = await startScriptedServer(script, { maxConcurrentStreams: 1 });
    client = new EtcdClient({ endpoints: [server.endpoint], timeoutMs: 60_000, ...options });
    clients.push(client);
  }

  const puts = () => server.calls.filter((method) => method === 'Put').length;

  async function failure(call: Promise<unknown>): Promise<EtcdError> {
    const error = await call.then(
      () => assert.fail('it resolved'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof EtcdError, String(error));
    return error;
  }

  describe('because its member allows one stream, which is in use', () => {
    let held: ScriptedCall[];
    let first: Promise<unknown>;

    beforeEach(async () => {
      held = [];
      await start((call) => {
        call.stream.resume();
        held.push(call);
      });
      first = client.kv.put('first', 'v');
      first.catch(() => {});
      await eventually('the stream is taken', () => held.length === 1);
    });

    it('is not-applied after its deadline, whether or not it is idempotent', async () => {
      for (const options of [{}, { idempotent: true }]) {
        const error = await failure(client.kv.put('k', 'v', { timeoutMs: 300, ...options }));
        assert.ok(error instanceof DeadlineError, String(error));
        assert.equal(error.verdict, 'not-applied');
        assert.match(error.message, /Put was not/);
      }
      assert.equal(puts(), 1);
    });

    it('is not-applied when the client closes, while the write that was sent is maybe-applied', async () => {
      const second = failure(client.kv.put('second', 'v'));
      await eventually('a read times out', () => client.kv.get('k', { timeoutMs: 100 }).catch(() => true));
      await client.close();
      const errors = [await failure(first), await second];
      assert.ok(
        errors.every((error) => error instanceof ClosedError),
        String(errors),
      );
      assert.deepEqual(
        errors.map(({ verdict }) => verdict),
        ['maybe-applied', 'not-applied'],
      );
      assert.equal(puts(), 1);
    });

    it('is sent after the other write has finished', async () => {
      const second = client.kv.put('second', 'v', { timeoutMs: 30_000 });
      held[0]?.reply(putDone);
      await eventually('the second call has arrived', () => held.length === 2);
      held[1]?.reply(putDone);
      assert.equal((await second).revision, 5n);
    });

    it('is distinguished from a write that was sent and not answered', async () => {
      held[0]?.reply(putDone);
      const error = await failure(client.kv.put('k', 'v', { timeoutMs: 300 }));
      assert.ok(error instanceof AmbiguousWriteError, String(error));
      assert.equal(error.verdict, 'maybe-applied');
    });
  });

  for (const [what, end] of Object.entries<{ close?: true; timeoutMs?: number; watch?: true }>({
    'all deadlines pass': { timeoutMs: 400 },
    'the client closes': { close: true },
    'the client closes, and a watch has the stream': { close: true, watch: true },
  })) {
    it(`is not-applied only if it was not sent when ${what}, which ends the call that had the stream`, async () => {
      const arrived: string[] = [];
      const open = new Set<ScriptedCall>();
      await start((call) => {
        open.add(call);
        call.stream.once('close', () => open.delete(call));
        call.onMessage((message) => {
          if (call.method === 'Put') arrived.push(PutRequest.decode(message).key.toString());
        });
      });
      const options = end.timeoutMs ? { timeoutMs: end.timeoutMs } : {};
      if (end.watch) client.watch('first').ready.catch(() => {});
      const first = end.watch ? undefined : failure(client.kv.put('first', 'v', options));
      if (end.close) await eventually('the stream is taken', () => open.size === 1);
      const keys = Array.from({ length: 20 }, (_, i) => `held-${i}`);
      const held = keys.map((key) => failure(client.kv.put(key, 'v', options)));
      if (end.close) {
        await eventually('a read times out', () => client.kv.get('k', { timeoutMs: 100 }).catch(() => true));
        await client.close();
      }
      await first;
      const verdicts = (await Promise.all(held)).map(({ verdict }) => verdict);
      await eventually('no call is left', () => open.size === 0);
      const unapplied = keys.filter((_, i) => verdicts[i] === 'not-applied');
      assert.deepEqual(
        unapplied.filter((key) => arrived.includes(key)),
        [],
        'a write that was called not applied has arrived',
      );
      if (end.close) assert.deepEqual(unapplied, keys);
    });
  }

  describe('without a token', () => {
    const auth = { username: 'user', password: secretOf('of never sent'), allowPlaintext: true };

    for (const [what, play] of Object.entries<(call: ScriptedCall) => void>({
      'is lost': (call) => call.stream.session?.destroy(),
      'is not answered': () => {},
      'times out in etcd': (call) => call.end(Code.UNAVAILABLE, 'etcdserver: request timed out'),
      'is answered with garbage': (call) => call.reply(Buffer.from('%%%%')),
      'returns a token that cannot be sent': (call) =>
        call.reply(Buffer.concat([Buffer.of(0x12, canary.length + 2), Buffer.from(`${canary}\n\x01`)])),
    })) {
      it(`is not maybe-applied when the token request ${what}`, async () => {
        await start(
          (call) => {
            call.stream.resume();
            if (call.method === 'Authenticate') play(call);
          },
          { auth, timeoutMs: 400 },
        );
        for (const options of [{}, { idempotent: true }]) {
          const error = await failure(client.kv.put('k', 'v', { timeoutMs: 1_500, ...options }));
          assert.equal(error instanceof AmbiguousWriteError, false, String(error));
          assert.notEqual(error.verdict, 'maybe-applied', String(error));
        }
        assert.equal(puts(), 0);
      });
    }
  });
});
