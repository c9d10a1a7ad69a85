import assert from 'node:assert/strict';
import { Client, credentials, Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { type HealthReporter, registerEtcdResolver, registerServer } from '#src/naming/grpc/index.js';
import { ConflictError } from '#src/naming/index.js';
import { bytesMethod } from '../../support/bytes-method.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { unproxied } from '../../support/proxy.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

const method = bytesMethod('/naming.test.Slow/Ask');

/** A server whose answers the test can delay. */
class SlowServer {
  readonly server = new Server();
  readonly waiting: (() => void)[] = [];
  port = 0;
  asked = 0;
  delays = false;

  static async start(): Promise<SlowServer> {
    const slow = new SlowServer();
    slow.server.addService(
      { ask: method },
      {
        ask: (_call: unknown, reply: (error: null, answer: Buffer) => void) => {
          slow.asked++;
          const answer = () => reply(null, Buffer.from(String(slow.port)));
          if (slow.delays) slow.waiting.push(answer);
          else answer();
        },
      },
    );
    slow.port = await new Promise((resolve, reject) =>
      slow.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    return slow;
  }
}

describe('a registered grpc-js server', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  afterEach(() => opened.close());

  async function serve(target: string, metadata = {}) {
    const slow = await SlowServer.start();
    opened.add(slow.server, (server) => server.forceShutdown());
    const health: string[] = [];
    const registration = await registerServer(slow.server, opened.client(etcd().endpoints), {
      target,
      addr: `127.0.0.1:${slow.port}`,
      metadata,
      health: { setStatus: (service, status) => health.push(`${service}${status}`) },
    });
    opened.add(registration, (one) => one.close());
    return { slow, registration, health };
  }

  for (const [how, balance] of [
    ['by its draining status', {}],
    ['by its delete when callers ignore the status', undefined],
  ] as const) {
    it(`gets no new calls ${how}, and answers those in progress`, async () => {
      const target = `${etcd().prefix}server/${balance ? 'mark' : 'delete'}`;
      const going = await serve(target);
      const staying = await serve(target);
      const client = opened.client(etcd().endpoints);
      const options = balance ? { balance } : {};
      opened.add(registerEtcdResolver(client, options), (one) => one[Symbol.dispose]());
      const channel = opened.add(
        new Client(`etcd:///${target}`, credentials.createInsecure(), unproxied),
        (one) => one.close(),
      );
      const ask = () =>
        new Promise<string>((resolve, reject) => {
          const callOptions = { deadline: Date.now() + 30_000 };
          channel.makeUnaryRequest(
            method.path,
            method.requestSerialize,
            method.responseDeserialize,
            Buffer.alloc(0),
            new Metadata(),
            callOptions,
            (error, answer) => (error ? reject(error) : resolve(String(answer))),
          );
        });
      await eventually('both servers answer', async () => {
        await Promise.all([ask(), ask()]);
        return going.slow.asked > 0 && staying.slow.asked > 0;
      });
      assert.deepEqual(going.health, ['SERVING']);

      going.slow.delays = true;
      const answered = Array.from({ length: 40 }, ask);
      await eventually('calls are in progress', () => going.slow.waiting.length >= 10);
      let drained = false;
      const draining = going.registration.drain({ propagateMs: 500 }).then(() => {
        drained = true;
      });
      await eventually('the record is deleted', () => going.registration.state === 'closed');
      going.slow.delays = false; // callers that have not received the change yet are answered
      await eventually('new calls use the other server', async () => {
        const { asked } = going.slow;
        await Promise.all(Array.from({ length: 20 }, ask));
        return going.slow.asked === asked;
      });
      assert.equal(drained, false, 'drain() waits for the calls in progress');
      const { asked } = going.slow;
      for (const answer of going.slow.waiting) answer();
      const answers = await Promise.all(answered);
      assert.equal(
        answers.filter((port) => port === String(going.slow.port)).length,
        going.slow.waiting.length,
      );
      await draining;
      for (let i = 0; i < 20; i++) assert.equal(await ask(), String(staying.slow.port));
      assert.equal(going.slow.asked, asked);
      assert.deepEqual(going.health, ['SERVING', 'NOT_SERVING']);
    });
  }

  it('waits for the calls in progress when it drains with an undefined whenIdle', async () => {
    const target = `${etcd().prefix}server/undefined`;
    const { slow, registration } = await serve(target);
    slow.delays = true;
    const channel = opened.add(
      new Client(`127.0.0.1:${slow.port}`, credentials.createInsecure(), unproxied),
      (one) => one.close(),
    );
    const answered = new Promise((resolve, reject) =>
      channel.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        Buffer.alloc(0),
        (error, answer) => (error ? reject(error) : resolve(answer)),
      ),
    );
    await eventually('the call is in progress', () => slow.waiting.length === 1);
    let drained = false;
    const given: object = { whenIdle: undefined };
    const draining = registration.drain({ propagateMs: 10, ...given }).then(() => {
      drained = true;
    });
    await registration.ended;
    await eventually('a new connection is refused', () => {
      const other = new Client(`127.0.0.1:${slow.port}`, credentials.createInsecure(), unproxied);
      return new Promise<boolean>((resolve) =>
        other.waitForReady(Date.now() + 200, (error) => {
          other.close();
          resolve(error !== undefined);
        }),
      );
    });
    assert.equal(drained, false);
    slow.waiting[0]!();
    await answered;
    await draining;
  });

  it("is shut down by the drain of a second registration when the first one's whenIdle did not", async () => {
    const { slow, registration } = await serve(`${etcd().prefix}server/again`);
    await registration.drain({ propagateMs: 10, whenIdle: async () => {} });
    const again = await registerServer(slow.server, opened.client(etcd().endpoints), {
      target: `${etcd().prefix}server/again`,
      addr: `127.0.0.1:${slow.port}`,
    });
    await again.drain({ propagateMs: 10 });
    const channel = new Client(`127.0.0.1:${slow.port}`, credentials.createInsecure(), unproxied);
    opened.add(channel, (one) => one.close());
    await assert.rejects(
      new Promise((resolve, reject) =>
        channel.waitForReady(Date.now() + 500, (error) => (error ? reject(error) : resolve(undefined))),
      ),
    );
  });

  describe('under two targets', () => {
    async function serveTwice(name: string) {
      const slow = await SlowServer.start();
      opened.add(slow.server, (server) => server.forceShutdown());
      const statuses: string[] = [];
      const health: HealthReporter = { setStatus: (_service, status) => statuses.push(status) };
      const [one, other] = await Promise.all(
        ['one', 'other'].map((part) =>
          registerServer(slow.server, opened.client(etcd().endpoints), {
            target: `${etcd().prefix}server/${name}-${part}`,
            addr: `127.0.0.1:${slow.port}`,
            health,
          }),
        ),
      );
      for (const registration of [one!, other!]) opened.add(registration, (made) => made.close());
      const ask = () =>
        new Promise<string>((resolve, reject) => {
          const channel = new Client(`127.0.0.1:${slow.port}`, credentials.createInsecure(), unproxied);
          channel.makeUnaryRequest(
            method.path,
            method.requestSerialize,
            method.responseDeserialize,
            Buffer.alloc(0),
            (error, answer) => {
              channel.close();
              if (error) reject(error);
              else resolve(String(answer));
            },
          );
        });
      return { one: one!, other: other!, statuses, ask };
    }

    it('is SERVING until its last registration is closed', async () => {
      const { one, other, statuses } = await serveTwice('closed');
      assert.deepEqual(statuses, ['SERVING']);
      await one.close();
      assert.deepEqual(statuses, ['SERVING']);
      await other.close();
      await eventually('the status is set', () => statuses.length === 2);
      assert.deepEqual(statuses, ['SERVING', 'NOT_SERVING']);
    });

    it('answers until its last registration is drained', async () => {
      const { one, other, statuses, ask } = await serveTwice('drained');
      await one.drain({ propagateMs: 10 });
      await ask();
      assert.deepEqual(statuses, ['SERVING']);
      await other.drain({ propagateMs: 10 });
      assert.deepEqual(statuses, ['SERVING', 'NOT_SERVING']);
      await assert.rejects(ask());
    });

    it('is shut down by its last drain, even if another one had its own whenIdle', async () => {
      const { one, other, ask } = await serveTwice('own');
      await one.drain({ propagateMs: 10, whenIdle: () => Promise.resolve() });
      await ask();
      await other.drain({ propagateMs: 10 });
      await assert.rejects(ask());
    });

    it('answers until both of two concurrent drains have waited for propagation', async () => {
      const { one, other, ask } = await serveTwice('together');
      const first = one.drain({ propagateMs: 10 });
      const second = other.drain({ propagateMs: 1_000 });
      await first;
      await ask();
      await second;
      await assert.rejects(ask());
    });
  });

  for (const [how, setStatus] of [
    [
      'throws',
      () => {
        throw new Error('no health');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no health'))],
  ] as const) {
    it(`is registered and drained with a warning when its health reporter ${how}`, async () => {
      const warnings: string[] = [];
      const note = (warning: Error & { code?: string }) =>
        warnings.push(`${warning.code} ${warning.message}`);
      const unhandled: unknown[] = [];
      const noteUnhandled = (error: unknown) => unhandled.push(error);
      process.on('warning', note);
      process.prependListener('unhandledRejection', noteUnhandled);
      try {
        const slow = await SlowServer.start();
        opened.add(slow.server, (server) => server.forceShutdown());
        const client = opened.client(etcd().endpoints);
        const registration = await registerServer(slow.server, client, {
          target: `${etcd().prefix}server/${how}`,
          addr: `127.0.0.1:${slow.port}`,
          health: { setStatus },
        });
        assert.ok((await client.kv.get(registration.key)).kv);
        await registration.drain({ propagateMs: 10 });
        assert.equal((await client.kv.get(registration.key)).kv, undefined);
        await eventually('both failures are reported', () => warnings.length >= 2);
        assert.deepEqual(
          warnings,
          ['SERVING', 'NOT_SERVING'].map(
            (status) => `ETCD_NAMING_HEALTH the health reporter failed to set ${status}: Error: no health`,
          ),
        );
        assert.deepEqual(unhandled, []);
      } finally {
        process.off('warning', note);
        process.off('unhandledRejection', noteUnhandled);
      }
    });
  }

  it('is NOT_SERVING when its registration fails', async () => {
    const target = `${etcd().prefix}server/refused`;
    const client = opened.client(etcd().endpoints);
    await client.kv.put(`${target}/e`, '{"Addr":"10.9.9.9:1"}');
    const health: string[] = [];
    const options = { target, id: 'e', addr: '10.0.0.1:1', onConflict: 'fail' as const };
    const server = new Server();
    await assert.rejects(
      registerServer(server, client, {
        ...options,
        health: { setStatus: (_, status) => health.push(status) },
      }),
      ConflictError,
    );
    assert.deepEqual(health, ['SERVING', 'NOT_SERVING']);
    server.forceShutdown();
  });
});
