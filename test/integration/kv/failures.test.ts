import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { getEventListeners, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { AmbiguousWriteError, ClosedError, Code, DeadlineError, EtcdError } from '#src/errors/index.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from '../client/support.js';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

/** Servers that are not an etcd. */
function useImpostors() {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => new Promise((closed) => server.close(closed))));
  });
  return async (onConnection: (socket: Socket) => void): Promise<string> => {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      onConnection(socket);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
}

describe('a call', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  const impostor = useImpostors();

  /** Asserts that the call fails at its deadline: not earlier, and not much later. */
  async function failsInTime(call: () => Promise<unknown>, timeoutMs: number, named: string): Promise<void> {
    const start = performance.now();
    await assert.rejects(call(), (error: Error) => {
      assert.ok(error instanceof DeadlineError, `${error.name}: ${error.message}`);
      assert.ok(error.message.includes(named), error.message);
      return true;
    });
    const took = performance.now() - start;
    assert.ok(took >= timeoutMs && took < timeoutMs + 3_000, `took ${took} ms of ${timeoutMs}`);
  }

  describe('to a peer that accepts and sends nothing', () => {
    it('ends at its deadline, and names the peer', async () => {
      const endpoint = await impostor((socket) => socket.resume());
      const client = connect([endpoint], { timeoutMs: 700 });
      await failsInTime(() => client.kv.get('k'), 700, endpoint);
      await failsInTime(() => client.kv.put('k', 'v', { timeoutMs: 300 }), 300, endpoint);
    });

    it('reports a write as not applied', async () => {
      const client = connect([await impostor((socket) => socket.resume())], { timeoutMs: 300 });
      await assert.rejects(
        client.kv.put('k', 'v'),
        (error) =>
          error instanceof EtcdError &&
          !(error instanceof AmbiguousWriteError) &&
          error.verdict === 'not-applied',
      );
    });

    it('uses another endpoint after the connect timeout', async () => {
      const silent = await impostor((socket) => socket.resume());
      const client = connect([silent, ...etcd().endpoints], { connectTimeoutMs: 200 });
      for (let i = 0; i < 5; i++) await client.kv.put(`${folderOf(etcd())}k`, 'v');
    });
  });

  describe('to a port without a listener', () => {
    it('ends at its deadline, and names the port and the reason', async () => {
      const endpoint = await deadEndpoint();
      const client = connect([endpoint], { timeoutMs: 700 });
      await failsInTime(() => client.kv.get('k'), 700, endpoint);
      await assert.rejects(client.kv.get('k'), /ECONNREFUSED/);
    });

    it('succeeds when the port accepts before the deadline', async () => {
      const link = await proxy(etcd());
      link.refuse();
      const client = connect([link.endpoint]);
      const call = client.kv.get(`${folderOf(etcd())}k`);
      await eventually('the client tried to connect', () => link.accepted > 0);
      link.heal();
      assert.equal((await call).kv, undefined);
    });
  });

  describe('with several endpoints of which some are dead', () => {
    it('is answered by the live endpoint, at any position in the list', async () => {
      const [dead1, dead2, live] = [await deadEndpoint(), await deadEndpoint(), etcd().endpoints[0]!];
      for (const endpoints of [
        [dead1, dead2, live],
        [dead1, live, dead2],
      ]) {
        for (let i = 0; i < 5; i++) {
          const client = connect(endpoints, { timeoutMs: 5_000 });
          const { revision } = await client.kv.put(`${folderOf(etcd())}k`, 'v');
          assert.ok(revision > 0n);
        }
      }
    });

    it('names all endpoints when all are dead', async () => {
      const dead = [await deadEndpoint(), await deadEndpoint()];
      const client = connect(dead, { timeoutMs: 500 });
      await assert.rejects(
        client.kv.get('k'),
        (error: Error) => error instanceof DeadlineError && dead.every((one) => error.message.includes(one)),
      );
    });
  });

  describe('to a server that is not etcd', () => {
    const impostors: readonly (readonly [what: string, speak: (socket: Socket) => void])[] = [
      ['random bytes', (socket) => socket.write(randomBytes(4_096))],
      ['random bytes and closes', (socket) => socket.end(randomBytes(100))],
      [
        'HTML',
        (socket) => {
          const page = '<html><body>It works!</body></html>';
          socket.once('data', () =>
            socket.end(
              `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
            ),
          );
        },
      ],
      ['by closing', (socket) => socket.destroy()],
    ];
    for (const [what, speak] of impostors) {
      it(`that answers ${what} rejects with a typed error, at its deadline or before`, async () => {
        const endpoint = await impostor(speak);
        const client = connect([endpoint], { timeoutMs: 600 });
        const start = performance.now();
        await assert.rejects(client.kv.get('k'), EtcdError);
        await assert.rejects(client.kv.put('k', 'v'), (error) => {
          assert.ok(error instanceof EtcdError);
          assert.ok(error.message.includes(endpoint), error.message);
          return true;
        });
        assert.ok(performance.now() - start < 3_000);
      });
    }
  });

  describe('with a signal', () => {
    it('that is aborted already sends nothing', async () => {
      const link = await proxy(etcd());
      const reason = new Error('before');
      const client = connect([link.endpoint]);
      const signal = AbortSignal.abort(reason);
      await assert.rejects(client.kv.put('k', 'v', { signal }), (thrown) => thrown === reason);
      assert.equal(link.accepted, 0);
    });

    it('that is aborted while it connects rejects with the signal’s own reason', async () => {
      const endpoint = await impostor((socket) => socket.resume());
      const abort = new AbortController();
      const call = connect([endpoint]).kv.get('k', { signal: abort.signal });
      const reason = { any: 'thing' };
      abort.abort(reason);
      await assert.rejects(call, (thrown) => thrown === reason);
      assert.equal(listeners(abort.signal), 0);
    });

    it('that is aborted during the call rejects with the signal’s own reason', async () => {
      const link = await proxy(etcd());
      const client = connect([link.endpoint]);
      await client.kv.get('k');
      link.stall();
      const abort = new AbortController();
      const call = client.kv.get('k', { signal: abort.signal });
      const reason = new Error('no longer wanted');
      abort.abort(reason);
      await assert.rejects(call, (thrown) => thrown === reason);
      assert.equal(listeners(abort.signal), 0);
    });

    it('that is never aborted leaves no listener', async () => {
      const { signal } = new AbortController();
      const client = connect(etcd().endpoints);
      for (let i = 0; i < 5; i++) await client.kv.get('k', { signal });
      assert.equal(listeners(signal), 0);
    });
  });

  describe('whose response is lost after etcd carried it out', () => {
    /** Starts the call with all responses delayed, and cuts the connection when etcd has handled it. */
    async function loseResponse<T>(
      call: (client: ReturnType<typeof connect>) => Promise<T>,
    ): Promise<{ call: Promise<T> }> {
      const link = await proxy(etcd());
      const client = connect([link.endpoint]);
      await client.kv.get('k');
      link.delay({ up: 0, down: 3_600_000 });
      const handled = await etcd().metric('grpc_server_handled_total');
      const pending = call(client);
      pending.catch(() => {});
      await eventually(
        'etcd handled it',
        async () => (await etcd().metric('grpc_server_handled_total')) > handled,
      );
      link.cut();
      link.heal();
      return { call: pending };
    }

    it('rejects with AmbiguousWriteError and is not retried, if it is a write', async () => {
      const key = `${folderOf(etcd())}k`;
      const { call } = await loseResponse((client) => client.kv.put(key, 'v'));
      await assert.rejects(call, (error: Error) => {
        assert.ok(error instanceof AmbiguousWriteError, `${error.name}: ${error.message}`);
        assert.equal(error.verdict, 'maybe-applied');
        assert.equal(error.code, Code.UNAVAILABLE);
        assert.match(error.operation, /^Put/);
        assert.ok(error.cause instanceof EtcdError);
        return true;
      });
      const { kv } = await connect(etcd().endpoints).kv.get(key);
      assert.equal(kv?.version, 1n, 'the write was applied once');
    });

    it('is retried if it is a write declared idempotent', async () => {
      const key = `${folderOf(etcd())}k`;
      const { call } = await loseResponse((client) => client.kv.put(key, 'v', { idempotent: true }));
      await call;
      const { kv } = await connect(etcd().endpoints).kv.get(key);
      assert.equal(kv?.version, 2n);
    });

    it('is retried if it is a read', async () => {
      const key = `${folderOf(etcd())}k`;
      await connect(etcd().endpoints).kv.put(key, 'v');
      const { call } = await loseResponse((client) => client.kv.get(key));
      assert.equal(String((await call).kv?.value), 'v');
    });

    it('is retried if it is a transaction without writes', async () => {
      const { call } = await loseResponse((client) => client.kv.txn({ compare: [] }));
      assert.equal((await call).succeeded, true);
    });
  });

  describe('whose response does not arrive before the deadline', () => {
    it('rejects with AmbiguousWriteError if it is a write, with DeadlineError if it is a read', async () => {
      const link = await proxy(etcd());
      const client = connect([link.endpoint], { timeoutMs: 400 });
      await client.kv.get('k');
      link.delay({ up: 0, down: 3_600_000 });
      const calls = [client.kv.put(`${folderOf(etcd())}k`, 'v'), client.kv.get('k')] as const;
      await Promise.all([
        assert.rejects(
          calls[0],
          (error) => error instanceof AmbiguousWriteError && error.code === Code.DEADLINE_EXCEEDED,
        ),
        assert.rejects(calls[1], DeadlineError),
      ]);
    });
  });

  describe('of a client that closes', () => {
    it('rejects with ClosedError, whether pending, connecting or new', async () => {
      const link = await proxy(etcd());
      const underWay = connect([link.endpoint]);
      await underWay.kv.get('k');
      link.stall();
      const connecting = connect([await impostor((socket) => socket.resume())]);
      const calls = [underWay.kv.get('k'), underWay.kv.put('k', 'v'), connecting.kv.get('k')];
      const rejected = calls.map((call) => assert.rejects(call, ClosedError));
      await Promise.all([underWay.close(), underWay.close(), connecting.close()]);
      await Promise.all(rejected);
      await assert.rejects(underWay.kv.get('k'), ClosedError);
      await underWay.close();
    });
  });
});
