import assert from 'node:assert/strict';
import type { EtcdClient, EtcdClientOptions } from '#src/client/index.js';
import { AmbiguousWriteError, Code, EtcdError } from '#src/errors/index.js';
import { op } from '#src/kv/index.js';
import { register, ServiceDirectory } from '#src/naming/index.js';
import { secretOf } from '../../support/canary.js';
import { useEtcd } from '../../support/etcd.js';
import {
  type ScriptedCall,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.js';
import { useClients } from './support.js';

type Answer = (call: ScriptedCall) => void;

const unimplemented = (text: string): Answer => {
  return (call) => call.end(Code.UNIMPLEMENTED, text);
};

const page = '<!DOCTYPE html><html>Hello</html>';

/** @param type null for an answer without a content type. */
const http = (status: number, type: string | null = 'text/html', body = page): Answer => {
  return ({ stream }) => {
    stream.resume();
    const headers = type === null ? {} : { 'content-type': type };
    stream.respond({ ':status': status, ...headers }, { endStream: body === '' });
    if (body !== '') stream.end(body);
  };
};

/** Answers that no etcd gives. `refuses`: the answer proves that a write was not applied. */
const answers: Readonly<Record<string, { play: Answer; refuses: boolean; isGateway?: boolean }>> = {
  'UNIMPLEMENTED with grpc-go’s text': {
    play: unimplemented('unknown service etcdserverpb.KV'),
    refuses: true,
  },
  'UNIMPLEMENTED without a text': { play: unimplemented(''), refuses: true },
  'UNIMPLEMENTED with grpc-js’s text': {
    play: unimplemented('The server does not implement the method /etcdserverpb.KV/Range'),
    refuses: true,
  },
  'HTTP 301': { play: http(301), refuses: true },
  'HTTP 400': { play: http(400), refuses: true },
  'HTTP 401': { play: http(401, 'application/json', '{"message":"no"}'), refuses: true },
  'HTTP 403': { play: http(403, 'text/plain', 'no'), refuses: true },
  'HTTP 404': { play: http(404), refuses: true },
  'HTTP 404 without a body': { play: http(404, 'text/plain', ''), refuses: true },
  'HTTP 405': { play: http(405), refuses: true },
  'HTTP 200 with a web page': { play: http(200), refuses: false },
  'HTTP 200 with two bytes': { play: http(200, 'text/plain', 'ok'), refuses: false },
  'HTTP 200 without a body': { play: http(200, 'text/html', ''), refuses: false },
  'HTTP 200 with a web page without a content type': { play: http(200, null), refuses: false },
  'HTTP 200 with two bytes without a content type': { play: http(200, null, 'ok'), refuses: false },
  'HTTP 500': { play: http(500), refuses: false, isGateway: true },
  'HTTP 502': { play: http(502), refuses: false, isGateway: true },
  'HTTP 502 with two bytes without a content type': {
    play: http(502, null, 'no'),
    refuses: false,
    isGateway: true,
  },
  'HTTP 503 without a body': { play: http(503, 'text/html', ''), refuses: false, isGateway: true },
};

const auth = { username: 'user', password: secretOf('of no etcd') };

/** Runs `make` with `Math.random()` fixed at 0, so a client that it creates prefers its first endpoint. */
function withFirstPreferred<T>(make: () => T): T {
  const { random } = Math;
  let making = true;
  Math.random = () => (making ? 0 : random());
  try {
    return make();
  } finally {
    making = false;
    Math.random = random;
  }
}

const failure = async (promise: Promise<unknown>): Promise<EtcdError> => {
  const error = await promise.then(
    () => assert.fail('it resolved'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof EtcdError, String(error));
  return error;
};

describe('a client whose preferred endpoint is not an etcd', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let foreign: ScriptedServer;
  const key = (name: string) => `${etcd().prefix}not-etcd/${name}`;

  before(async () => {
    foreign = await startScriptedServer(() => {});
  });
  after(() => foreign.close());

  function client(others = etcd().endpoints, options: Partial<EtcdClientOptions> = {}): EtcdClient {
    foreign.clearCalls();
    const endpoints = [foreign.endpoint, ...others];
    return withFirstPreferred(() => connect(endpoints, { timeoutMs: 20_000, ...options }));
  }

  const reads: Record<string, (some: EtcdClient) => Promise<unknown>> = {
    Range: (some) => some.kv.get(key('a')),
    'Range of many': async (some) => {
      for await (const _ of some.kv.stream({ prefix: key('') }));
    },
    'Txn that reads': (some) => some.kv.txn({ success: [op.get(key('a'))] }),
  };
  const writes: Record<string, (some: EtcdClient, idempotent?: boolean) => Promise<unknown>> = {
    Put: (some, idempotent = false) => some.kv.put(key('a'), 'v', { idempotent }),
    DeleteRange: (some, idempotent = false) => some.kv.delete(key('b'), { idempotent }),
    Txn: (some, idempotent = false) => some.kv.txn({ success: [op.put(key('c'), 'v')] }, { idempotent }),
  };

  for (const [what, { play, refuses, isGateway = false }] of Object.entries(answers)) {
    describe(`but answers ${what}`, () => {
      beforeEach(() => {
        foreign.script = play;
      });

      for (const [method, call] of Object.entries(reads)) {
        it(`reads from another endpoint: ${method}`, async () => {
          await call(client());
          assert.ok(foreign.calls.length >= 1, 'the server received no request');
        });
      }

      for (const [method, call] of Object.entries(writes)) {
        it(`writes to another endpoint: ${method}${refuses ? '' : ', after one ambiguous write'}`, async () => {
          const some = client();
          if (refuses) await call(some);
          else {
            const error = await failure(call(some));
            assert.ok(error instanceof AmbiguousWriteError, String(error));
            assert.equal(error.member, foreign.endpoint);
          }
          await call(some);
          assert.deepEqual(foreign.calls, [method]);
        });

        it(`retries an idempotent write on another endpoint: ${method}`, async () => {
          await call(client(), true);
        });
      }

      it('watches on another endpoint', async () => {
        const watcher = client().watch(key('watched'), { startRevision: 1n });
        const next = watcher[Symbol.asyncIterator]().next();
        await connect(etcd().endpoints).kv.put(key('watched'), what);
        assert.equal((await next).done, false);
        await watcher.close();
        assert.ok(foreign.calls.includes('Watch'), 'the server received no request');
      });

      it('renews a lease on another endpoint', async () => {
        const lease = await connect(etcd().endpoints).lease.grant({ ttlSeconds: 60 });
        assert.ok((await client().lease.keepAliveOnce(lease.id)).ttlSeconds > 0);
        assert.ok(foreign.calls.includes('LeaseKeepAlive'), 'the server received no request');
      });

      it('calls a method of newer etcd releases on another endpoint', async () => {
        await client().lease.list();
        assert.ok(foreign.calls.includes('LeaseLeases'), 'the server received no request');
      });

      it('requests a token from another endpoint', async () => {
        await client(etcd().endpoints, { auth })
          .kv.get('k')
          .catch((error: EtcdError) => {
            assert.equal(error.reason, 'AuthNotEnabled', String(error)); // only an etcd gives this answer
          });
        assert.ok(foreign.calls.includes('Authenticate'), 'the server received no request');
      });

      if (isGateway) return;

      it('rejects before the deadline with an error that names all endpoints, when none is an etcd', async () => {
        const other = await startScriptedServer(play);
        const some = client([other.endpoint]);
        const withUser = withFirstPreferred(() => connect([foreign.endpoint, other.endpoint], { auth }));
        const directory = new ServiceDirectory(some);
        const calls = {
          get: failure(some.kv.get('k')),
          'get of a user': failure(withUser.kv.get('k')),
          'idempotent put': failure(some.kv.put('k', 'v', { idempotent: true })),
          ...(refuses ? { put: failure(some.kv.put('k', 'v')) } : {}),
          watch: failure(some.watch('k', { startRevision: 1n })[Symbol.asyncIterator]().next()),
          register: failure(register(some, { target: 't', addr: 'a:1' })),
          ready: failure(directory.ready('t')),
        };
        for (const [name, call] of Object.entries(calls)) {
          const error = await call;
          assert.equal(error.reason, 'NotEtcd', `${name}: ${error}`);
          for (const part of [foreign.endpoint, other.endpoint, 'look like an etcd'])
            assert.ok(error.message.includes(part), `${name}: ${error}`);
        }
        assert.ok(foreign.calls.length + other.calls.length < 100, `${foreign.calls}`);
        await directory.close();
        await other.close();
      });
    });
  }
});

describe('a client whose gateway refuses a body as too large', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let gateway: ScriptedServer;

  before(async () => {
    gateway = await startScriptedServer(http(413));
  });
  after(() => gateway.close());

  const client = () => withFirstPreferred(() => connect([gateway.endpoint, ...etcd().endpoints]));
  const key = (name: string) => `${etcd().prefix}too-large/${name}`;

  it('rejects a call with RequestTooLarge and the status, and sends it to no other member', async () => {
    const some = client();
    const calls = [
      () => some.kv.put(key('a'), 'v'),
      () => some.kv.get(key('a')),
      () => some.lease.grant({ ttlSeconds: 60 }),
    ];
    for (const call of calls) {
      const error = await failure(call());
      assert.deepEqual([error.reason, error.verdict], ['RequestTooLarge', 'final']);
      assert.match(error.message, /a gateway refused the request as too large, with HTTP status 413/);
    }
    assert.deepEqual(gateway.calls, ['Put', 'Range', 'LeaseGrant']);
  });

  it('continues a watch, which a gateway with a limit ends when its requests together exceed it', async () => {
    const watcher = client().watch(key('watched'), { startRevision: 1n });
    const next = watcher[Symbol.asyncIterator]().next();
    await connect(etcd().endpoints).kv.put(key('watched'), 'v');
    assert.equal((await next).done, false);
    await watcher.close();
  });
});
