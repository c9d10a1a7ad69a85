import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { EtcdError } from '#src/errors/index.js';
import { EndpointManager, ServiceDirectory } from '#src/naming/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { expectNoSocketLeft } from '../../support/sockets.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';

describe('an EndpointManager', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  let client: EtcdClient;
  let target: string;
  let manager: EndpointManager;

  beforeEach(() => {
    client = opened.client(etcd().endpoints);
    target = `${etcd().prefix}manager/svc`;
    manager = new EndpointManager(client, target);
  });

  afterEach(async () => {
    await client.kv.delete({ prefix: `${etcd().prefix}manager/` });
    await opened.close();
  });

  const add = (id: string, addr: string) => manager.addEndpoint(`${target}/${id}`, { addr });
  const keys = async () => [...(await manager.list()).keys()].map((key) => key.slice(target.length));

  it('lists its endpoints in key order, with their revisions and leases', async () => {
    const lease = await client.lease.grant({ ttlSeconds: 60 });
    await add('b', 'b:1');
    const first = await manager.addEndpoint(`${target}/a`, { addr: 'a:1', metadata: { weight: 2 } });
    const second = await manager.addEndpoint(
      `${target}/a`,
      { addr: 'a:2', metadata: { weight: 3 } },
      { lease },
    );

    const records = [...(await manager.list()).values()];
    assert.deepEqual(
      records.map(({ key }) => key),
      [`${target}/a`, `${target}/b`],
    );
    assert.deepEqual(withoutPrototypes(records[0]), {
      key: `${target}/a`,
      addr: 'a:2',
      metadata: { weight: 3 },
      createRevision: first.revision,
      modRevision: second.revision,
      lease: lease.id,
    });
  });

  it('omits nested keys with the option direct, in lists, watches and the directory', async () => {
    const direct = new EndpointManager(client, target, { direct: true });
    const view = opened.view(direct);
    await view.untilEndpointsAre();
    for (const id of ['a', 'nested/b', 'c'])
      await direct.addEndpoint(`${target}/${id}`, { addr: `${id.replace('/', '-')}:1` });
    await view.untilEndpointsAre('a:1', 'c:1');
    await direct.deleteEndpoint(`${target}/nested/b`);
    await direct.deleteEndpoint(`${target}/c`);
    await view.untilEndpointsAre('a:1');
    assert.equal(view.events.length, 4, 'one snapshot, two additions and one removal');
    await direct.addEndpoint(`${target}/nested/d`, { addr: 'd:1' });
    assert.deepEqual([...(await direct.list()).keys()], [`${target}/a`]);
    const directory = new ServiceDirectory(client, { direct: true });
    assert.equal((await directory.ready(target)).endpoints.length, 1);
    assert.equal((await new EndpointManager(client, target).list()).size, 2);
  });

  it('lists nested keys and an empty id, and no key of a sibling', async () => {
    for (const id of ['1', 'deep/er/1', '']) await add(id, 'a:1');
    for (const sibling of ['svc2/1', 'svc', 'sv/1', 'svc0/1', 'svc.x/1']) {
      await client.kv.put(`${etcd().prefix}manager/${sibling}`, '{"Addr":"sibling:1"}');
    }
    assert.deepEqual(await keys(), ['/', '/1', '/deep/er/1']);
  });

  it('omits values that are not endpoints from its list', async () => {
    await add('good', 'a:1');
    for (const [id, value] of [
      ['text', 'a:1'],
      ['empty', ''],
      ['bytes', Buffer.from([0xff, 0x00])],
      ['op', '{"Op":256,"Addr":"a:1"}'],
    ] as const) {
      await client.kv.put(`${target}/${id}`, value);
    }
    assert.deepEqual(await keys(), ['/good']);
  });

  it('lists from the member’s local state, as Go does, with serializable', async () => {
    await add('1', 'a:1');
    assert.equal((await manager.list({ serializable: true })).size, 1);
  });

  it('changes several endpoints in one revision, or none of them', async () => {
    await add('1', 'a:1');
    const { revision } = await manager.update([
      { op: 'delete', key: `${target}/1` },
      { op: 'add', key: `${target}/2`, endpoint: { addr: 'b:1' } },
      { op: 'add', key: `${target}/3`, endpoint: { addr: 'c:1' } },
    ]);
    const revisions = [...(await manager.list()).values()].map(({ modRevision }) => modRevision);
    assert.deepEqual(revisions, [revision, revision]);

    const noSuchLease = manager.update([
      { op: 'delete', key: `${target}/2` },
      { op: 'add', key: `${target}/4`, endpoint: { addr: 'd:1' }, lease: 999n },
    ]);
    await assert.rejects(noSuchLease, { name: 'LeaseNotFoundError' });
    assert.deepEqual(await keys(), ['/2', '/3']);
  });

  it('rejects an update with more operations than a transaction allows, names the limit, and changes nothing', async () => {
    const many = Array.from({ length: 129 }, (_, i) => ({
      op: 'add' as const,
      key: `${target}/${i}`,
      endpoint: { addr: 'a:1' },
    }));
    await assert.rejects(manager.update(many), { code: 3, message: /128/ });
    assert.equal((await manager.list()).size, 0);
  });

  it('rejects a call with the reason of its signal, or at its deadline with the unreachable member', async () => {
    const endpoint = await deadEndpoint();
    const lost = new EndpointManager(opened.client([endpoint]), target);
    const reason = new Error('enough');
    await assert.rejects(lost.list({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
    await assert.rejects(lost.list({ timeoutMs: 300 }), (error: EtcdError) => {
      assert.ok(error instanceof EtcdError);
      assert.match(error.message, new RegExp(`${endpoint}.*ECONNREFUSED`));
      return true;
    });
  });

  describe('while it is watched', () => {
    it('reports an empty service as an empty snapshot', async () => {
      const view = opened.view(manager);
      await view.untilEndpointsAre();
      const [event] = view.events;
      assert.equal(event?.type, 'snapshot');
      assert.equal(event.type === 'snapshot' && event.reason, 'initial');
      assert.equal(event.revision, (await client.kv.get('x')).revision);
    });

    it('reports the current endpoints, then each revision as one delta', async () => {
      await add('1', 'a:1');
      const view = opened.view(manager);
      await view.untilEndpointsAre('a:1');

      const added = await add('2', 'b:1');
      await view.untilEndpointsAre('a:1', 'b:1');
      const changed = await add('1', 'a:2');
      await view.untilEndpointsAre('a:2', 'b:1');
      const updated = await manager.update([
        { op: 'delete', key: `${target}/1` },
        { op: 'add', key: `${target}/3`, endpoint: { addr: 'c:1' } },
      ]);
      await view.untilEndpointsAre('b:1', 'c:1');

      const reported = view.events.slice(1).map((event) => {
        assert.ok(event.type === 'delta');
        const addrs = (records: readonly { addr: string }[]) => records.map(({ addr }) => addr);
        return [event.revision, addrs(event.added), addrs(event.changed), event.removed];
      });
      assert.deepEqual(reported, [
        [added.revision, ['b:1'], [], []],
        [changed.revision, [], ['a:2'], []],
        [updated.revision, ['c:1'], [], [`${target}/1`]],
      ]);
    });

    it('reports no key of a sibling', async () => {
      const view = opened.view(manager);
      await view.untilEndpointsAre();
      await client.kv.put(`${etcd().prefix}manager/svc2/1`, '{"Addr":"sibling:1"}');
      await add('1', 'a:1');
      await view.untilEndpointsAre('a:1');
      assert.equal(view.events.length, 2);
    });

    it('reports a record that becomes invalid as removed, and one that becomes valid as added', async () => {
      await add('1', 'a:1');
      await client.kv.put(`${target}/2`, 'not yet');
      const view = opened.view(manager);
      await view.untilEndpointsAre('a:1');
      const [snapshot] = view.events;
      assert.deepEqual(snapshot?.type === 'snapshot' && [...snapshot.invalid], [`${target}/2`]);

      await client.kv.put(`${target}/1`, 'no longer');
      await view.untilEndpointsAre();
      await add('2', 'b:1');
      await view.untilEndpointsAre('b:1');
    });

    it('releases its watcher on the server when its loop is left', async () => {
      const before = await etcd().metric('etcd_debugging_mvcc_watcher_total');
      for await (const event of manager.watch()) {
        assert.equal(event.type, 'snapshot');
        break;
      }
      await eventually(
        'the watcher is gone',
        async () => (await etcd().metric('etcd_debugging_mvcc_watcher_total')) <= before,
      );
    });

    it('ends with the reason of its signal, at any time', async () => {
      const reason = new Error('enough');
      await assert.rejects(
        manager.watch({ signal: AbortSignal.abort(reason) }).next(),
        (error) => error === reason,
      );

      const abort = new AbortController();
      const events = manager.watch({ signal: abort.signal });
      await events.next();
      const waiting = assert.rejects(events.next(), (error) => error === reason);
      abort.abort(reason);
      await waiting;
    });

    it('ends with ClosedError when the client is closed', async () => {
      const view = opened.view(manager);
      await view.untilEndpointsAre();
      await client.close();
      const ended = await view.ended;
      client = opened.client(etcd().endpoints);
      assert.equal((ended as Error).name, 'ClosedError');
    });
  });

  describe('whose connection is cut while it is watched', () => {
    it('continues with the next revision, without a new snapshot', async () => {
      const proxy = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
      const view = opened.view(new EndpointManager(opened.client([proxy.endpoint]), target));
      await add('1', 'a:1');
      await view.untilEndpointsAre('a:1');

      proxy.refuse();
      await add('2', 'b:1');
      await manager.deleteEndpoint(`${target}/1`);
      proxy.heal();

      await view.untilEndpointsAre('b:1');
      assert.equal(view.events.filter(({ type }) => type === 'snapshot').length, 1);
    });

    it('reports each missed revision separately, although they arrive together', async () => {
      const link = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
      const view = opened.view(new EndpointManager(opened.client([link.endpoint]), target));
      await view.untilEndpointsAre();
      link.refuse();
      const revisions: bigint[] = [];
      for (let i = 0; i < 40; i++) {
        const key = `${target}/${i % 3}`;
        const { revision } = await manager.update([
          i % 5 === 4 ? { op: 'delete', key } : { op: 'add', key, endpoint: { addr: `a:${i}` } },
          { op: 'add', key: `${target}/count`, endpoint: { addr: `count:${i}` } },
        ]);
        revisions.push(revision);
      }
      link.heal();
      await eventually('all are reported', () => view.events.at(-1)?.revision === revisions.at(-1));
      assert.deepEqual(
        view.events.slice(1).map(({ revision }) => revision),
        revisions,
      );
    });

    it('reports a new snapshot without the removed endpoints when history was compacted meanwhile', async function () {
      skipUnlessBreakable(this, etcd());
      const proxy = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
      const view = opened.view(new EndpointManager(opened.client([proxy.endpoint]), target));
      await add('1', 'a:1');
      await add('2', 'b:1');
      await view.untilEndpointsAre('a:1', 'b:1');

      proxy.refuse();
      await manager.deleteEndpoint(`${target}/1`);
      await add('3', 'c:1');
      await etcd().compact();
      proxy.heal();

      await view.untilEndpointsAre('b:1', 'c:1');
      const last = view.events[view.events.length - 1];
      assert.equal(last?.type === 'snapshot' && last.reason, 'compacted');

      await add('4', 'd:1');
      await view.untilEndpointsAre('b:1', 'c:1', 'd:1');
      assert.equal(view.events[view.events.length - 1]?.type, 'delta');
    });
  });
});
