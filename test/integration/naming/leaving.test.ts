import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { EndpointManager, register, ServiceDirectory } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { Opened } from '../../support/naming/opened.js';

interface TlsFixture {
  readonly client: EtcdClient;
  readonly target: string;
}

type Iteration = AsyncIterator<unknown, undefined>;

/** Everything that can be iterated and may wait forever, in the state in which it has nothing more to yield. */
const iterations: readonly (readonly [
  name: string,
  begin: (fixture: TlsFixture) => Promise<Iteration> | Iteration,
])[] = [
  ['client.watch()', ({ client, target }) => client.watch({ prefix: target })[Symbol.asyncIterator]()],
  ['client.status()', ({ client }) => client.status()],
  [
    'client.mirror()',
    ({ client, target }) => afterFirst(client.mirror({ prefix: target })[Symbol.asyncIterator]()),
  ],
  [
    'EndpointManager.watch()',
    ({ client, target }) => afterFirst(new EndpointManager(client, target).watch()),
  ],
  [
    'ServiceDirectory.subscribe()',
    ({ client, target }) => afterFirst(new ServiceDirectory(client).subscribe(target)),
  ],
  ['Registration.events()', async (fixture) => (await registered(fixture)).events()],
];

async function afterFirst(iteration: Iteration): Promise<Iteration> {
  await iteration.next();
  return iteration;
}

const registered = ({ client, target }: TlsFixture) => register(client, { target, addr: '10.0.0.7:1' });

describe('an iteration that is ended while its reader waits for the next item', () => {
  const etcd = useEtcd();
  const opened = new Opened();
  afterEach(() => opened.close());

  for (const [name, begin] of iterations)
    it(`ends immediately, with the reader's wait: ${name}`, async () => {
      const client = opened.client(etcd().endpoints);
      const iteration = await begin({ client, target: `${etcd().prefix}leaving` });
      const waiting = iteration.next();
      assert.deepEqual(await iteration.return?.(), { done: true, value: undefined });
      assert.deepEqual(await waiting, { done: true, value: undefined });
    });
});
