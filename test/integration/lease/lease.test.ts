import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import {
  ClosedError,
  DeadlineError,
  EtcdError,
  InvalidInputError,
  LeaseNotFoundError,
} from '#src/errors/index.js';
import { compare } from '#src/kv/index.js';
import type { HeldLease } from '#src/lease/index.js';
import { grpcCounter, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { grantRawLease } from '../../support/raw-lease.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';
import { eventually, folderOf, useClients } from '../client/support.js';

describe('a lease', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  let client: EtcdClient;
  let folder: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
  });

  const renewals = () => etcd().metric('etcd_debugging_lease_renewed_total');
  /** The number of streams opened so far by all clients: on an external etcd, other clients open streams too. */
  const streams = () => grpcCounter(etcd(), 'grpc_server_started_total', 'LeaseKeepAlive');
  const exists = async (key: string) => (await client.kv.get(key)).kv !== undefined;

  describe('granted', () => {
    it('has a positive id, its TTL, and the keys attached to it', async () => {
      const { id, ttlSeconds } = await client.lease.grant({ ttlSeconds: 60 });
      assert.ok(id > 0n);
      assert.equal(ttlSeconds, 60);
      await client.kv.put(`${folder}k`, 'v', { lease: id });
      const found = await client.lease.timeToLive(id, { keys: true });
      assert.equal(found?.grantedSeconds, 60);
      assert.ok(found.remainingSeconds > 50 && found.remainingSeconds <= 60);
      assert.deepEqual(found.keys.map(String), [`${folder}k`]);
      assert.ok((await client.lease.list()).includes(id));
      await client.lease.revoke(id);
    });

    it('by another client with a negative id works like any other', async () => {
      const id = -0x4dn;
      await grantRawLease(etcd().endpoints[0]!, id, 60n);
      assert.ok((await client.lease.list()).includes(id));
      await client.kv.put(`${folder}k`, 'v', { lease: id });
      const found = await client.lease.timeToLive(id, { keys: true });
      assert.deepEqual(found?.keys.map(String), [`${folder}k`]);
      assert.equal((await client.lease.keepAliveOnce(id)).ttlSeconds, 60);
      const isAttached = compare.lease(`${folder}k`, '=', id);
      assert.equal((await client.kv.txn({ compare: [isAttached] })).succeeded, true);
      await client.lease.revoke(id);
      assert.equal(await exists(`${folder}k`), false);
      assert.equal((await client.lease.list()).includes(id), false);
    });

    it('with less than etcd’s minimum TTL returns the TTL granted', async () => {
      const { id, ttlSeconds } = await client.lease.grant({ ttlSeconds: 1 });
      assert.ok(ttlSeconds >= 2);
      await client.lease.revoke(id);
    });

    it('with an id that exists rejects with a typed error', async () => {
      const { id } = await client.lease.grant({ ttlSeconds: 60 });
      await assert.rejects(
        client.lease.grant({ ttlSeconds: 60, id }),
        (error) => error instanceof EtcdError && error.serverText === 'etcdserver: lease already exists',
      );
      await client.lease.revoke(id);
    });

    it('with an invalid TTL or id is refused with an error that names it', async () => {
      for (const ttlSeconds of [0, -1, 1.5, Number.NaN, 9_000_000_001]) {
        await assert.rejects(
          client.lease.grant({ ttlSeconds }),
          (error: Error) =>
            error instanceof InvalidInputError && error.message.includes(`ttlSeconds is ${ttlSeconds}`),
        );
      }
      for (const id of [0n, -1n, 2n ** 63n]) {
        await assert.rejects(
          client.lease.grant({ ttlSeconds: 5, id }),
          (error: Error) => error instanceof InvalidInputError && error.message.includes(`: id is ${id}n`),
        );
      }
    });

    it('is granted once, with the returned id, when the response is lost', async () => {
      const link = await proxy(etcd());
      const proxied = connect([link.endpoint]);
      await proxied.kv.get('k');
      const before = new Set(await client.lease.list());
      const granted = async () => (await client.lease.list()).filter((id) => !before.has(id));
      link.delay({ up: 0, down: 3_600_000 });
      const grant = proxied.lease.grant({ ttlSeconds: 60 });
      await eventually('etcd granted the lease', async () => (await granted()).length > 0);
      link.cut();
      link.heal();
      const { id, ttlSeconds } = await grant;
      assert.equal(ttlSeconds, 60);
      assert.deepEqual(await granted(), [id]);
      await client.lease.revoke(id);
    });
  });

  describe('revoked', () => {
    it('deletes its keys and no longer exists', async () => {
      const { id } = await client.lease.grant({ ttlSeconds: 60 });
      await client.kv.put(`${folder}k`, 'v', { lease: id });
      await client.lease.revoke(id);
      assert.equal(await exists(`${folder}k`), false);
      assert.equal(await client.lease.timeToLive(id), undefined);
      await assert.rejects(client.lease.revoke(id), LeaseNotFoundError);
    });

    it('resolves when the response is lost', async () => {
      const link = await proxy(etcd());
      const proxied = connect([link.endpoint]);
      const { id } = await proxied.lease.grant({ ttlSeconds: 60 });
      link.delay({ up: 0, down: 3_600_000 });
      const revoked = proxied.lease.revoke(id);
      await eventually(
        'etcd revoked the lease',
        async () => (await client.lease.timeToLive(id)) === undefined,
      );
      link.cut();
      link.heal();
      await revoked;
    });
  });

  describe('renewed once', () => {
    it('returns the TTL', async () => {
      const { id } = await client.lease.grant({ ttlSeconds: 60 });
      assert.deepEqual(withoutPrototypes(await client.lease.keepAliveOnce(id)), { id, ttlSeconds: 60 });
      await client.lease.revoke(id);
      await assert.rejects(client.lease.keepAliveOnce(id), LeaseNotFoundError);
    });

    it('uses one stream for many calls', async () => {
      const { id } = await client.lease.grant({ ttlSeconds: 60 });
      const before = await streams();
      await Promise.all(Array.from({ length: 50 }, () => client.lease.keepAliveOnce(id)));
      const begun = (await streams()) - before;
      assert.ok(begun > 0 && begun < 10, `${begun} streams`);
      await client.lease.revoke(id);
    });

    it('resolves when its stream is lost', async () => {
      const link = await proxy(etcd());
      const proxied = connect([link.endpoint]);
      const { id } = await proxied.lease.grant({ ttlSeconds: 60 });
      link.delay({ up: 0, down: 3_600_000 });
      const before = await renewals();
      const renewed = proxied.lease.keepAliveOnce(id);
      await eventually('etcd renewed the lease', async () => (await renewals()) > before);
      link.cut();
      link.heal();
      assert.equal((await renewed).ttlSeconds, 60);
      await client.lease.revoke(id);
    });

    it('rejects with DeadlineError when etcd is unreachable', async () => {
      const link = await proxy(etcd());
      const proxied = connect([link.endpoint]);
      link.refuse();
      await assert.rejects(proxied.lease.keepAliveOnce(1n, { timeoutMs: 300 }), DeadlineError);
    });
  });

  describe('held', () => {
    /** Records each report of the lease's end: by its signal and by `ended`. */
    function recordEnds(lease: HeldLease) {
      const ends: unknown[] = [];
      lease.signal.addEventListener('abort', () => ends.push(lease.signal.reason));
      void lease.ended.then((end) => ends.push(end));
      return ends;
    }

    it('outlives its TTL while it is renewed', async () => {
      const lease = await client.lease.hold({ ttlSeconds: 2 });
      const ends = recordEnds(lease);
      await client.kv.put(`${folder}k`, 'v', { lease: lease.id });
      const start = performance.now();
      await eventually(
        'twice its TTL has passed',
        () => ends.length > 0 || performance.now() - start > 2_000 * lease.ttlSeconds,
      );
      assert.deepEqual(ends, []);
      assert.equal(lease.held, true);
      assert.equal(await exists(`${folder}k`), true);
      await lease.revoke();
    });

    it('expires after it was closed', async () => {
      const lease = await client.lease.hold({ ttlSeconds: 2 });
      await client.kv.put(`${folder}k`, 'v', { lease: lease.id });
      await lease.close();
      await lease.close();
      assert.deepEqual(await lease.ended, { reason: 'closed' });
      assert.equal(await exists(`${folder}k`), true);
      await eventually('etcd deletes its key', async () => !(await exists(`${folder}k`)));
    });

    it('is revoked immediately when disposed', async () => {
      let lease: HeldLease;
      {
        await using held = await client.lease.hold({ ttlSeconds: 60 });
        lease = held;
        await client.kv.put(`${folder}k`, 'v', { lease: held.id });
      }
      assert.equal(await exists(`${folder}k`), false);
      assert.deepEqual(await lease.ended, { reason: 'revoked' });
      await lease.revoke();
    });

    it('ends as revoked, not as expired, when revoked by its id', async () => {
      const lease = await client.lease.hold({ ttlSeconds: 60 });
      await client.lease.revoke(lease.id);
      assert.deepEqual(await lease.ended, { reason: 'revoked' });
      assert.equal(await client.lease.timeToLive(lease.id), undefined);
    });

    it('ends as expired, once, when another client revokes it', async () => {
      const lease = await client.lease.hold({ ttlSeconds: 3 });
      const ends = recordEnds(lease);
      await connect(etcd().endpoints).lease.revoke(lease.id);
      assert.deepEqual(await lease.ended, { reason: 'expired' });
      assert.equal(lease.held, false);
      await client.kv.get('k');
      assert.deepEqual(ends, [{ reason: 'expired' }, { reason: 'expired' }]);
      await lease.revoke();
    });

    it('ends as closed with its client, which then refuses to hold another', async () => {
      const other = connect(etcd().endpoints);
      const lease = await other.lease.hold({ ttlSeconds: 60 });
      await other.close();
      assert.deepEqual(await lease.ended, { reason: 'closed' });
      await assert.rejects(other.lease.hold({ ttlSeconds: 60 }), ClosedError);
      await client.lease.revoke(lease.id);
    });

    it('leaves no lease behind when aborted during its grant', async () => {
      const link = await proxy(etcd());
      const proxied = connect([link.endpoint]);
      await proxied.kv.get('k');
      const before = new Set(await client.lease.list());
      const granted = async () => (await client.lease.list()).filter((id) => !before.has(id));
      link.delay({ up: 0, down: 3_600_000 });
      const abort = new AbortController();
      const held = proxied.lease.hold({ ttlSeconds: 600, signal: abort.signal });
      await eventually('etcd granted the lease', async () => (await granted()).length === 1);
      const reason = new Error('enough');
      abort.abort(reason);
      await assert.rejects(held, reason);
      await eventually('it is revoked', async () => (await granted()).length === 0);
    });

    it('leaves no lease behind when close() resolves, whether or not it was aborted before', async () => {
      const before = new Set(await client.lease.list());
      for (const isAborted of [false, true]) {
        const link = await proxy(etcd());
        const proxied = connect([link.endpoint]);
        await proxied.kv.get('k');
        link.delay({ up: 0, down: 100 });
        const abort = new AbortController();
        const rejected = assert.rejects(proxied.lease.hold({ ttlSeconds: 600, signal: abort.signal }));
        await eventually(
          'etcd granted the lease',
          async () => (await client.lease.list()).length > before.size,
        );
        if (isAborted) abort.abort();
        const closing = proxied.close();
        await Promise.all([rejected, closing]);
        assert.deepEqual(new Set(await client.lease.list()), before, `aborted: ${isAborted}`);
      }
    });

    it('whose revoke() is in progress is revoked when close() resolves', async () => {
      const other = connect(etcd().endpoints);
      const lease = await other.lease.hold({ ttlSeconds: 600 });
      await Promise.all([lease.revoke(), other.close()]);
      assert.ok(!(await client.lease.list()).includes(lease.id));
    });

    it('shares one stream with many others', async () => {
      const before = await streams();
      const leases = await Promise.all(
        Array.from({ length: 20 }, () => client.lease.hold({ ttlSeconds: 2 })),
      );
      const start = performance.now();
      const lost = () => leases.some(({ held }) => !held);
      await eventually('their TTL has passed', () => lost() || performance.now() - start > 2_500);
      assert.equal(lost(), false);
      const begun = (await streams()) - before;
      assert.ok(begun > 0 && begun < 10, `${begun} streams`);
      await Promise.all(leases.map((lease) => lease.revoke()));
    });

    describe('while its connection is cut', () => {
      it('stays held', async () => {
        const link = await proxy(etcd());
        const proxied = connect([link.endpoint]);
        const lease = await proxied.lease.hold({ ttlSeconds: 3 });
        const ends = recordEnds(lease);
        const start = performance.now();
        let cuts = 0;
        await eventually('twice its TTL has passed', () => {
          if (performance.now() - start > cuts * 800) {
            cuts++;
            link.cut();
          }
          return ends.length > 0 || performance.now() - start > 6_000;
        });
        assert.deepEqual(ends, []);
        assert.equal(lease.held, true);
        assert.ok(cuts > 5);
        await lease.revoke();
      });

      it('for longer than its TTL ends as lost, and is never held after etcd has deleted it', async () => {
        const link = await proxy(etcd());
        const proxied = connect([link.endpoint]);
        const lease = await proxied.lease.hold({ ttlSeconds: 2 });
        const ends = recordEnds(lease);
        await client.kv.put(`${folder}k`, 'v', { lease: lease.id });
        link.refuse();
        await eventually('etcd deleted its key', async () => !(await exists(`${folder}k`)));
        assert.equal(lease.held, false);
        await lease.ended;
        assert.equal(ends.length, 2);
        assert.equal((await lease.ended).reason, 'lost-contact');
      });
    });
  });
});

describe('a held lease on a real etcd', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  it('survives a crash of etcd that is shorter than its TTL', async () => {
    const client = connect(etcd().endpoints);
    const lease = await client.lease.hold({ ttlSeconds: 6 });
    await client.kv.put('attached', 'v', { lease: lease.id });
    await etcd().kill();
    await etcd().restart();
    await eventually(
      'it is renewed after the crash',
      async () => (await etcd().metric('etcd_debugging_lease_renewed_total')) >= 2,
    );
    assert.equal(lease.held, true);
    assert.equal(String((await client.kv.get('attached')).kv?.value), 'v');
    await lease.revoke();
  });

  it('ends as expired when etcd was wiped', async () => {
    const lease = await connect(etcd().endpoints).lease.hold({ ttlSeconds: 6 });
    await etcd().wipe();
    assert.equal((await lease.ended).reason, 'expired');
    assert.equal(lease.held, false);
  });

  it('ends as lost while etcd is paused, and is held no longer than its TTL', async () => {
    const lease = await connect(etcd().endpoints).lease.hold({ ttlSeconds: 2 });
    await etcd().pause();
    const start = performance.now();
    let lastHeldMs = 0;
    try {
      await eventually('it is no longer held', () => {
        // Read the time first: if this callback runs late, the measured time is too short, never too long.
        const atMs = performance.now() - start;
        if (lease.held) lastHeldMs = atMs;
        return !lease.held;
      });
      assert.ok(lastHeldMs <= 2_000, `held after ${lastHeldMs} ms of the 2,000 that etcd gave it`);
      assert.equal((await lease.ended).reason, 'lost-contact');
    } finally {
      await etcd().resume();
    }
  });
});
