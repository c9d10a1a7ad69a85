import assert from 'node:assert/strict';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, register } from '#src/naming/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';

describe('a view of an etcd that loses all its data', () => {
  const etcd = useEtcd();
  const opened = new Opened();
  afterEach(() => opened.close());

  it('is replaced by the contents of the new store, with the reason', async function () {
    skipUnlessBreakable(this, etcd());
    const client = opened.client(etcd().endpoints);
    const manager = new EndpointManager(client, 'wipe/list');
    for (let i = 0; i < 20; i++) await manager.addEndpoint('wipe/list/old', { addr: `old:${i + 1}` });
    const events = manager.watch();
    assert.equal((await events.next()).value?.type, 'snapshot');
    const next = events.next();
    await etcd().wipe();
    const { value } = await next;
    assert.ok(value?.type === 'snapshot');
    assert.equal(value.reason, 'rolled-back');
    await manager.addEndpoint('wipe/list/new', { addr: 'new:1' });
    const after = (await events.next()).value;
    assert.deepEqual(after?.type === 'delta' && after.added.map(({ key }) => key), ['wipe/list/new']);
    await events.return(undefined);
  });

  it('keeps the servers of a channel until they have registered again, and its calls succeed', async function () {
    skipUnlessBreakable(this, etcd());
    const client = opened.client(etcd().endpoints);
    const server = await opened.server('one');
    const registration = await register(client, { target: 'wipe/service', addr: server.addr });
    opened.add(registration, () => registration.close());
    opened.add(registerEtcdResolver(client), (resolver) => resolver[Symbol.dispose]());
    const caller = opened.caller('etcd:///wipe/service');
    assert.equal(await caller.call(), 'one');
    await etcd().wipe();
    await eventually('it is registered again', async () => {
      assert.equal(await caller.call(), 'one');
      return registration.registrationCount > 1;
    });
    assert.equal(await caller.call(), 'one');
  });
});
