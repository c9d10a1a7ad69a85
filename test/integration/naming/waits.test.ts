import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { ClosedError, PermissionDeniedError, UnauthenticatedError } from '#src/errors/index.js';
import { channelTarget } from '#src/naming/grpc/channel-target.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, register, ServiceDirectory } from '#src/naming/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { secretOf } from '../../support/canary.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipIfExternal } from '../../support/etcd.js';
import { Caller } from '../../support/naming/caller.js';
import { useClients } from '../client/support.js';

/** An operation that waits for etcd. */
interface Wait {
  readonly name: string;
  start(client: EtcdClient, signal?: AbortSignal): Promise<unknown>;
  /** Whether etcd answers it without a permission, or without authentication. */
  readonly allowed?: 'without permission' | 'without credentials';
}

const key = 'waits/key';
const prefix = 'waits/';
const target = 'waits/svc';

const waits: readonly Wait[] = [
  { name: 'kv.get()', start: (client, signal) => client.kv.get(key, { signal }) },
  { name: 'kv.stream()', start: (client, signal) => first(client.kv.stream({ prefix }, { signal })) },
  { name: 'watch()', start: (client, signal) => first(client.watch(key, { signal })) },
  { name: 'the ready of a watch', start: (client, signal) => client.watch(key, { signal }).ready },
  {
    name: 'lease.hold()',
    start: (client, signal) => client.lease.hold({ ttlSeconds: 5, signal }),
    allowed: 'without permission',
  },
  { name: 'sync()', start: (client, signal) => client.sync({ signal }), allowed: 'without permission' },
  {
    name: 'status()',
    start: (client, signal) => first(client.status({ signal })),
    allowed: 'without credentials',
  },
  { name: 'mirror()', start: (client, signal) => second(client.mirror({ prefix }, { signal })) },
  {
    name: 'waitForRevision() of a mirror',
    start: (client, signal) => {
      const mirror = client.mirror({ prefix });
      second(mirror).catch(() => {});
      return mirror.waitForRevision(1_000_000n, { signal });
    },
  },
  {
    name: 'waitForRevision() of a mirror that is not iterated',
    start: (client, signal) => client.mirror({ prefix }).waitForRevision(1n, { signal }),
    allowed: 'without credentials',
  },
  {
    name: 'verify() of a mirror',
    start: (client, signal) => client.mirror({ prefix }).verify({ signal }),
  },
  {
    name: 'EndpointManager.list()',
    start: (client, signal) => new EndpointManager(client, target).list({ signal }),
  },
  {
    name: 'EndpointManager.watch()',
    start: (client, signal) => second(new EndpointManager(client, target).watch({ signal })),
  },
  {
    name: 'ready() of a directory',
    start: (client, signal) => new ServiceDirectory(client).ready(target, { signal }),
  },
  {
    name: 'subscribe() of a directory',
    start: (client, signal) => second(new ServiceDirectory(client).subscribe(target, { signal })),
  },
  {
    name: 'register()',
    start: (client, signal) => register(client, { target, addr: '10.0.0.1:1', signal }),
  },
];

/** Far more than an operation needs to settle, and less than any deadline. */
const soonMs = 4_000;

describe('an operation that waits for etcd', function () {
  this.timeout(60_000);
  const { connect, proxy } = useClients();
  const outages = [
    ['refuses connections', deadEndpoint],
    [
      'accepts connections and is silent',
      async () => {
        const link = await proxy(etcd!);
        link.blackhole();
        return link.endpoint;
      },
    ],
  ] as const;
  const user = { username: 'guest', password: secretOf('guest of waits') };
  let etcd: EtcdHandle | undefined;

  before(async function () {
    skipIfExternal(this);
    this.timeout(300_000);
    const { username, password } = user;
    etcd = await startEtcd({ auth: { users: { [username]: { password } } } });
  });

  after(() => etcd?.close());

  const withCredentials = (password = user.password) =>
    connect(etcd!.endpoints, {
      auth: { username: user.username, password },
      sync: { allow: () => true },
    });

  for (const { name, start, allowed } of waits) {
    describe(`${name}`, () => {
      if (allowed === undefined)
        it('rejects immediately when the permission is denied', async () => {
          await assert.rejects(settlesWithin(start(withCredentials())), PermissionDeniedError);
        });

      if (allowed !== 'without credentials')
        it('rejects immediately when the password is wrong', async () => {
          await assert.rejects(
            settlesWithin(start(withCredentials(secretOf('wrong')))),
            UnauthenticatedError,
          );
        });

      for (const [how, lost] of outages)
        describe(`on an etcd that ${how}`, () => {
          it("rejects immediately with the signal's reason", async () => {
            const abort = new AbortController();
            const waiting = start(connect([await lost()]), abort.signal);
            waiting.catch(() => {});
            await assertPending(waiting);
            const reason = new Error('enough');
            abort.abort(reason);
            await assert.rejects(settlesWithin(waiting, 1_000), (thrown) => thrown === reason);
          });

          it('settles when the client closes', async () => {
            const client = connect([await lost()]);
            const waiting = start(client);
            waiting.catch(() => {});
            await assertPending(waiting);
            await settlesWithin(client.close());
            const end = await settlesWithin(
              waiting.then(
                () => undefined,
                (error: unknown) => error,
              ),
            );
            // Operations on the client itself end with it; all others reject.
            if (name !== 'status()') assert.ok(end instanceof ClosedError, String(end));
          });
        });
    });
  }

  describe('a call through the resolver', () => {
    for (const [what, connectAs, text] of [
      ['the permission is denied', () => withCredentials(), /may not read/],
      ['the password is wrong', () => withCredentials(secretOf('wrong')), /authentication failed/],
    ] as const) {
      it(`fails immediately when ${what}`, async () => {
        await fails(connectAs(), soonMs, text);
      });
    }

    it('fails with the last failure after 5 s while etcd is unreachable', async () => {
      await fails(connect([await deadEndpoint()]), 20_000, /ECONNREFUSED/);
    });

    it('fails when the client closes', async () => {
      const client = connect([await deadEndpoint()]);
      const failing = fails(client, soonMs, /etcd client was closed/);
      await new Promise((resolve) => setImmediate(resolve));
      await client.close();
      await failing;
    });
  });
});

async function fails(client: EtcdClient, withinMs: number, text: RegExp): Promise<void> {
  const resolver = registerEtcdResolver(client, { scheme: 'waits' });
  const { target: uri, options } = channelTarget(target, { scheme: 'waits' });
  const caller = new Caller(uri, options);
  try {
    await assert.rejects(settlesWithin(caller.call(30_000), withinMs), text);
  } finally {
    caller.close();
    resolver[Symbol.dispose]();
  }
}

function first<T>(iterable: AsyncIterable<T>): Promise<unknown> {
  return iterable[Symbol.asyncIterator]().next();
}

/** Skips the first item, which may be known immediately, such as a snapshot. */
async function second<T>(iterable: AsyncIterable<T>): Promise<unknown> {
  const iterator = iterable[Symbol.asyncIterator]();
  await iterator.next();
  return iterator.next();
}

async function settlesWithin<T>(promise: Promise<T>, ms = soonMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Gives the operation time to send its request, and asserts that it is still pending. */
async function assertPending(waiting: Promise<unknown>): Promise<void> {
  const settled = await Promise.race([
    waiting.then(
      () => 'resolved',
      (error: unknown) => error,
    ),
    new Promise((resolve) => setTimeout(resolve, 50, undefined)),
  ]);
  assert.equal(settled, undefined);
}
