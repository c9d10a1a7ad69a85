import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { EtcdClient } from '#src/client/index.js';
import { EndpointManager, type Registration, register, ServiceDirectory } from '#src/naming/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { secretOf } from '../../support/canary.js';
import { useEtcd } from '../../support/etcd.js';
import { Opened } from '../../support/naming/opened.js';

/** What a loop reads from, with a client of its own. */
interface Fixture {
  readonly client: EtcdClient;
  /** A client whose connections are never answered. */
  readonly silent: EtcdClient;
  readonly target: string;
}

interface Begun {
  /** What `for await` reads. */
  readonly iterable: AsyncIterable<unknown>;
  /** Its next item never comes. */
  readonly iteration: AsyncIterator<unknown, undefined>;
  /** Closes the object that the loop belongs to; undefined if it cannot be closed. */
  readonly close?: () => Promise<void>;
  /** The client of the loop, if it is not that of the fixture. */
  readonly client?: EtcdClient;
}

type Begin = (fixture: Fixture, signal?: AbortSignal) => Begun | Promise<Begun>;

let elections = 0;

/** Every function of the package that returns an async iterable. */
const loops: Readonly<Record<string, Begin>> = {
  'client.watch()': ({ client, target }, signal) => {
    const watcher = client.watch({ prefix: target }, { signal });
    return { iterable: watcher, iteration: watcher[Symbol.asyncIterator](), close: () => watcher.close() };
  },
  'client.status()': ({ client }, signal) => {
    const iteration = client.status({ signal });
    return { iterable: iteration, iteration, close: () => client.close() };
  },
  'client.mirror()': ({ client, target }, signal) => {
    const mirror = client.mirror({ prefix: target }, { signal });
    return afterFirst(mirror, mirror[Symbol.asyncIterator]());
  },
  'client.kv.stream()': ({ silent, target }, signal) => {
    const options = { signal, timeoutMs: Number.POSITIVE_INFINITY };
    const iteration = silent.kv.stream({ prefix: target }, options);
    return { iterable: iteration, iteration, client: silent };
  },
  'client.election.campaign()': ({ client, target }, signal) => {
    // A name of its own: the candidate of a closed client stays until its lease expires.
    const terms = client.election.campaign(`${target}-${elections++}`, 'candidate', { signal });
    return afterFirst(terms, terms);
  },
  'client.election.observe()': ({ client, target }, signal) => {
    const leaders = client.election.observe(target, { signal });
    return afterFirst(leaders, leaders);
  },
  'EndpointManager.watch()': ({ client, target }, signal) => {
    const events = new EndpointManager(client, target).watch({ signal });
    return afterFirst(events, events);
  },
  'ServiceDirectory.subscribe()': async ({ client, target }, signal) => {
    const directory = new ServiceDirectory(client);
    const views = directory.subscribe(target, { signal });
    const begun = await afterFirst(views, views);
    return { ...begun, close: () => directory.close() };
  },
  'ServiceDirectory.departures()': async (fixture, signal) => {
    const { client, target } = fixture;
    const directory = new ServiceDirectory(client);
    const registration = await registered(fixture);
    const departures = directory.departures(target, { signal });
    await directory.ready(target);
    await registration.close();
    const begun = await afterFirst(departures, departures);
    return { ...begun, close: () => directory.close() };
  },
  'Registration.events()': async (fixture, signal) => {
    const registration = await registered(fixture);
    const events = registration.events({ signal });
    return { iterable: events, iteration: afterLast(events), close: () => registration.close() };
  },
};

const withoutClose = [
  'client.mirror()',
  'client.kv.stream()',
  'client.election.campaign()',
  'client.election.observe()',
  'EndpointManager.watch()',
];

async function afterFirst(
  iterable: AsyncIterable<unknown>,
  iteration: AsyncIterator<unknown, undefined>,
): Promise<Begun> {
  await iteration.next();
  return { iterable, iteration };
}

/** The events of a registration without the last one, `ended`. */
function afterLast(events: ReturnType<Registration['events']>): AsyncIterator<unknown, undefined> {
  const next = async () => {
    const item = await events.next();
    return item.value?.type === 'ended' ? events.next() : item;
  };
  return { next, return: async () => (await events.return?.()) ?? { done: true, value: undefined } };
}

/** What `for await` does first, or the error with which it fails. */
function iterator(iterable: AsyncIterable<unknown>): unknown {
  try {
    return iterable[Symbol.asyncIterator]();
  } catch (error) {
    return error;
  }
}

const registered = ({ client, target }: Pick<Fixture, 'client' | 'target'>) =>
  register(client, { target, addr: '10.0.0.7:1', onConflict: 'fail' });

const ended = { done: true, value: undefined };

describe('a loop whose reader waits for the next item', () => {
  const etcd = useEtcd({ auth: { users: { idle: { password: secretOf('user without a role') } } } });
  const opened = new Opened();
  afterEach(() => opened.close());

  const connect = (options = etcd().clientOptions) =>
    opened.add(new EtcdClient(options), (client) => client.close());

  async function fixture(): Promise<Fixture> {
    const proxy = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
    proxy.acceptSilently();
    const silent = connect({ ...etcd().clientOptions, endpoints: [proxy.endpoint] });
    return { client: connect(), silent, target: `${etcd().prefix}loops` };
  }

  for (const [name, begin] of Object.entries(loops))
    describe(`${name}`, () => {
      it('ends when it is left', async () => {
        const { iteration } = await begin(await fixture());
        const waiting = iteration.next();
        assert.deepEqual(await iteration.return?.(), ended);
        assert.deepEqual(await waiting, ended);
      });

      if (!withoutClose.includes(name))
        it('ends when the object that it belongs to is closed', async () => {
          const { iteration, close } = await begin(await fixture());
          const waiting = iteration.next();
          await close!();
          assert.deepEqual(await waiting, ended);
          assert.deepEqual(await iteration.next(), ended);
        });

      it("throws the signal's reason when it is aborted", async () => {
        const abort = new AbortController();
        const { iteration } = await begin(await fixture(), abort.signal);
        const waiting = iteration.next();
        const reason = new Error('enough');
        abort.abort(reason);
        await assert.rejects(waiting, (error) => error === reason);
        assert.deepEqual(await iteration.next(), ended);
      });

      it("throws the signal's reason when it was aborted before", async () => {
        const reason = new Error('enough');
        const started = (async () =>
          (await begin(await fixture(), AbortSignal.abort(reason))).iteration.next())();
        await assert.rejects(started, (error) => error === reason);
      });

      if (name !== 'client.status()')
        it('throws ClosedError when the client is closed', async () => {
          const loop = await fixture();
          const { iteration, client = loop.client } = await begin(loop);
          const waiting = iteration.next();
          const failure = assert.rejects(waiting, { name: 'ClosedError' });
          await client.close();
          await failure;
          assert.deepEqual(await iteration.next(), ended);
        });

      if (name !== 'client.mirror()')
        it('is read by one loop: a second one throws, and the first one continues', async () => {
          const abort = new AbortController();
          const { iterable, iteration } = await begin(await fixture(), abort.signal);
          const waiting = iteration.next();
          const [, again] = [iterator(iterable), iterator(iterable)];
          assert.ok(again instanceof TypeError);
          assert.match(again.message, /^an? \w+ can be iterated once; call \w+\(\) again$/);
          const reason = new Error('enough');
          abort.abort(reason);
          await assert.rejects(waiting, (error) => error === reason);
          assert.ok(iterator(iterable) instanceof TypeError);
        });

      if (!['client.status()', 'Registration.events()'].includes(name))
        it('throws the error that ends it', async () => {
          const refused = connect(etcd().clientOptionsOf('idle'));
          const loop = { client: refused, silent: refused, target: 'loops' };
          const failing = (async () => (await begin(loop)).iteration.next())();
          await assert.rejects(failing, { name: 'PermissionDeniedError' });
        });
    });

  describe('that begins after its signal aborted and the client was closed', () => {
    const reason = new Error('enough');
    const closed = { name: 'ClosedError' };

    for (const first of ['abort', 'close'] as const)
      it(`throws for the ${first}, which was first, or the signal's reason if it starts with the loop`, async () => {
        const { client, target } = await fixture();
        const abort = new AbortController();
        const { signal } = abort;
        const fromCall = [
          client.watch({ prefix: target }, { signal }),
          new ServiceDirectory(client).subscribe(target, { signal }),
          new ServiceDirectory(client).departures(target, { signal }),
        ];
        const fromLoop = [
          client.mirror({ prefix: target }, { signal }),
          client.kv.stream({ prefix: target }, { signal }),
          client.election.campaign(target, 'candidate', { signal }),
          client.election.observe(target, { signal }),
          new EndpointManager(client, target).watch({ signal }),
        ];
        if (first === 'abort') abort.abort(reason);
        await client.close();
        abort.abort(reason);
        for (const loop of fromCall) {
          const expected = first === 'abort' ? (error: unknown) => error === reason : closed;
          await assert.rejects(loop[Symbol.asyncIterator]().next(), expected);
        }
        for (const loop of fromLoop)
          await assert.rejects(loop[Symbol.asyncIterator]().next(), (error) => error === reason);
      });
  });

  describe('the events of a registration that was replaced', () => {
    it('throw the reason, also to a later reader', async () => {
      const [client, target] = [connect(), `${etcd().prefix}replaced`];
      const first = await register(client, { target, addr: '10.0.0.7:1', id: 'one', onConflict: 'fail' });
      const events: string[] = [];
      const reading = (async () => {
        for await (const { type } of first.events()) events.push(type);
      })();
      const failure = assert.rejects(reading, { name: 'ConflictError' });
      await register(connect(), { target, addr: '10.0.0.8:1', id: 'one', onConflict: 'takeover' });
      await failure;
      assert.equal(events.at(-1), 'ended');
      await assert.rejects(first.events().next(), { name: 'ConflictError' });
      assert.equal((await first.ended).reason, 'replaced');
    });
  });
});

describe('the list of loops above', () => {
  it('contains every function that returns an async iterable', () => {
    const report = readFileSync(new URL('../../../../api/index.api.md', import.meta.url), 'utf8');
    const returned = /\b(\w+)\([^()]*(?:\{[^{}]*\})?[^()]*\): (?:Async\w+<|Mirror;|Watcher;)/g;
    const found = new Set([...report.matchAll(returned)].map(([, method = '']) => method));
    const listed = Object.keys(loops).map((name) => /(\w+)\(\)$/.exec(name)?.[1] ?? '');
    assert.deepEqual([...found].sort(), [...new Set(listed)].sort());
  });
});
