import assert from 'node:assert/strict';
import { EndpointManager, type NamingClient, register } from '#src/naming/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

describe('a registration, for readers that apply every event', function () {
  this.timeout(90_000);
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  afterEach(() => opened.close());

  it('is overwritten in place, without a delete, when etcd returns after the registration abandoned its lease', async () => {
    const admin = opened.client(etcd().endpoints);
    const target = 'gaps/restart';
    const registrations = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const options = { target, id: `${i}`, addr: `10.0.0.${i}:1`, ttlSeconds: 3 };
        return opened.add(await register(opened.client(etcd().endpoints), options), (one) => one.close());
      }),
    );
    const { revision } = await admin.kv.get('none');
    await etcd().kill();
    await eventually('all have abandoned their leases', () =>
      registrations.every(({ lease }) => lease === undefined),
    );
    await etcd().restart(); // which restarts the TTL of the old leases
    await eventually(
      'all are registered again',
      () => registrations.every((one) => one.registrationCount === 2),
      30_000,
    );
    const live = registrations.map(({ lease }) => lease!);
    await eventually('the old leases are revoked', async () =>
      (await admin.lease.list()).every((lease) => live.includes(lease)),
    );
    const watcher = admin.watch({ prefix: `${target}/` }, { startRevision: revision + 1n });
    const types: string[] = [];
    for await (const { events } of watcher) {
      types.push(...events.map(({ type }) => type));
      if (types.length >= registrations.length) break;
    }
    assert.deepEqual(types, Array(registrations.length).fill('put'));
  });

  it('waits for another process’s record without extra requests, although history was compacted', async () => {
    const client = opened.client(etcd().endpoints);
    const target = 'gaps/compacted';
    await new EndpointManager(client, target).addEndpoint(`${target}/e`, { addr: '10.9.9.9:1' });
    for (const noise of ['1', '2', '3']) await client.kv.put('noise', noise);
    await etcd().compact();
    let txns = 0;
    const counted: NamingClient = Object.create(client, {
      kv: {
        value: {
          get: client.kv.get.bind(client.kv),
          range: client.kv.range.bind(client.kv),
          stream: client.kv.stream.bind(client.kv),
          txn: (...args: Parameters<typeof client.kv.txn>) => {
            txns++;
            return client.kv.txn(...args);
          },
        },
      },
      lease: { value: client.lease },
      closed: { get: () => client.closed },
      watch: { value: client.watch.bind(client) },
      onClose: { value: client.onClose.bind(client) },
    });
    const waiting = register(counted, {
      target,
      id: 'e',
      addr: '10.0.0.1:1',
      timeoutMs: 1_500,
    });
    await assert.rejects(waiting, /was not registered within 1500 ms: .*10\.9\.9\.9:1/);
    assert.ok(txns <= 3, `${txns} transactions`);
  });
});
