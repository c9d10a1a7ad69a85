import assert from 'node:assert/strict';
import { EtcdStartError, startEtcd } from '#src/testing/index.js';
import { groupProcesses } from '#src/testing/process/group-processes.js';
import { skipIfExternal, skipUnlessBreakable, useEtcd, waitForNoWatchers } from '../../support/etcd.js';
import { gatewayOf, isAlive, isHealthy, readAll } from './support.js';

describe('a handle of one etcd', () => {
  const etcd = useEtcd();

  it('answers at its endpoint and reports its version', async () => {
    const [endpoint] = etcd().endpoints;
    assert.match(endpoint!, /^[\w.]+:\d+$/);
    const version = JSON.parse(await readAll(`http://${endpoint}/version`)) as { etcdserver: string };
    assert.equal(version.etcdserver, etcd().version);
  });

  it('returns a metric, and rejects an unknown name', async () => {
    assert.equal(typeof (await etcd().metric('etcd_debugging_mvcc_watcher_total')), 'number');
    await assert.rejects(etcd().metric('etcd_no_such_thing'), /no metric 'etcd_no_such_thing'/);
  });

  it('sums a metric over its labels', async () => {
    assert.ok((await etcd().metric('etcd_cluster_version')) >= 1);
  });

  it('counts an open watcher until it is closed', async function () {
    skipUnlessBreakable(this, etcd());
    const abort = new AbortController();
    const watching = await fetch(`http://${etcd().endpoints[0]}/v3/watch`, {
      method: 'POST',
      body: JSON.stringify({ create_request: { key: 'YQ==' } }),
      signal: abort.signal,
    });
    await watching.body!.getReader().read();
    assert.equal(await etcd().metric('etcd_debugging_mvcc_watcher_total'), 1);
    await assert.rejects(
      waitForNoWatchers(etcd(), undefined, 100),
      /left on the server after the last test: .*total 1/,
    );
    abort.abort();
    await waitForNoWatchers(etcd());
  });

  describe('when etcd is broken', () => {
    before(function () {
      skipUnlessBreakable(this, etcd());
    });

    it('does not answer while it is paused, and answers after resume', async () => {
      await etcd().pause();
      try {
        const { pid } = etcd();
        if (pid !== undefined) assert.deepEqual(await groupProcesses(pid), [{ pid, isFrozen: true }]);
        assert.equal(await isHealthy(etcd(), 300), false);
      } finally {
        await etcd().resume();
      }
      assert.equal(await isHealthy(etcd()), true);
    });

    it('has the same endpoint and keys after a kill', async () => {
      const { endpoints } = etcd();
      const gateway = gatewayOf(etcd());
      await gateway.put('survivor', 'of a crash');
      await etcd().kill();
      assert.equal(await isHealthy(etcd()), false);
      assert.equal(etcd().pid, undefined);
      await etcd().restart();
      assert.deepEqual(etcd().endpoints, endpoints);
      assert.equal(await gateway.get('survivor'), 'of a crash');
    });

    it('has the same keys after a stop', async () => {
      await gatewayOf(etcd()).put('survivor', 'of a stop');
      await etcd().stop();
      assert.equal(await isHealthy(etcd()), false);
      await etcd().restart();
      assert.equal(await gatewayOf(etcd()).get('survivor'), 'of a stop');
    });

    it('restarts a running etcd', async () => {
      await etcd().restart();
      assert.equal(await isHealthy(etcd()), true);
    });

    it('resolves each of several concurrent restarts with a healthy etcd', async () => {
      const healthy = await Promise.all(
        [1, 2, 3].map(async () => {
          await etcd().restart();
          return isHealthy(etcd());
        }),
      );
      assert.deepEqual(healthy, [true, true, true]);
    });

    it('has an empty, healthy etcd after a restart and two wipes at once', async () => {
      await gatewayOf(etcd()).put('gone', 'soon');
      await Promise.all([etcd().wipe(), etcd().restart(), etcd().wipe()]);
      assert.equal(await isHealthy(etcd()), true);
      assert.equal(await gatewayOf(etcd()).revision(), 1n);
    });

    it('stops and kills a paused etcd', async () => {
      for (const verb of ['stop', 'kill'] as const) {
        await etcd().pause();
        await etcd()[verb]();
        assert.equal(await isHealthy(etcd()), false);
        await etcd().restart();
      }
      assert.equal(await isHealthy(etcd()), true);
    });

    it('accepts a kill and a stop when etcd is not running', async () => {
      await etcd().kill();
      await etcd().kill();
      await etcd().stop();
      await etcd().restart();
    });

    for (const verb of ['pause', 'resume'] as const)
      it(`refuses to ${verb} a member that is not running or is being killed`, async () => {
        const killed = etcd().kill();
        await assert.rejects(etcd()[verb](), /etcd m0 is not running/);
        await killed;
        await assert.rejects(etcd()[verb](), /etcd m0 is not running/);
        await etcd().restart();
      });

    it('is empty after a wipe, on the same endpoint, at revision 1', async () => {
      const { endpoints } = etcd();
      await gatewayOf(etcd()).put('gone', 'soon');
      await etcd().wipe();
      assert.deepEqual(etcd().endpoints, endpoints);
      assert.equal(await gatewayOf(etcd()).get('gone'), undefined);
      assert.equal(await gatewayOf(etcd()).revision(), 1n);
    });

    it('compacts up to a revision, by default the current one', async () => {
      const gateway = gatewayOf(etcd());
      await gateway.put('a', '1');
      const middle = await gateway.revision();
      await gateway.put('a', '2');
      const last = await gateway.put('a', '3');
      assert.equal(await etcd().compact(middle), middle);
      assert.equal(await etcd().compact(middle), middle);
      await assert.rejects(gateway.get('a', middle - 1n), /compacted/);
      assert.equal(await gateway.get('a', last - 1n), '2');
      assert.equal(await etcd().compact(), last);
      assert.equal(await etcd().compact(), last);
      await assert.rejects(gateway.get('a', last - 1n), /compacted/);
      await assert.rejects(etcd().compact(last + 1000n), /future revision/);
      for (const revision of [-1n, 0n, 2n ** 63n, 5 as unknown as bigint])
        await assert.rejects(etcd().compact(revision), { name: 'InvalidInputError' });
    });
  });
});

describe('starting an etcd', () => {
  it('passes additional flags on, and includes the log when etcd does not start', async function () {
    skipIfExternal(this);
    const refused = startEtcd({ args: ['--no-such-flag'] });
    await assert.rejects(refused, (error: Error) => {
      assert.ok(error instanceof EtcdStartError);
      assert.match(error.message, /no-such-flag/);
      return true;
    });
  });

  it("rejects with the signal's reason when it is aborted", async function () {
    skipIfExternal(this);
    const reason = new Error('no longer wanted');
    const abort = new AbortController();
    const started = startEtcd({ signal: abort.signal });
    abort.abort(reason);
    await assert.rejects(started, (error) => error === reason);
  });

  it('can be aborted during a start', async function () {
    skipIfExternal(this);
    // Without its peer it has no leader, and is not healthy, for 50 s.
    const args = ['--election-timeout', '50000', '--initial-election-tick-advance=false'];
    await assert.rejects(startEtcd({ args, signal: AbortSignal.timeout(500) }), { name: 'TimeoutError' });
  });

  it('starts several at once', async function () {
    skipIfExternal(this);
    const several = await Promise.all([startEtcd(), startEtcd(), startEtcd()]);
    assert.equal(new Set(several.flatMap(({ endpoints }) => endpoints)).size, 3);
    await Promise.all(several.map((etcd) => etcd.close()));
  });

  it('leaves nothing after close, which is idempotent, and rejects a start after it', async function () {
    skipIfExternal(this);
    const etcd = await startEtcd();
    const { pid } = etcd;
    await Promise.all([etcd.close(), etcd.close()]);
    await etcd.close();
    if (pid !== undefined) assert.equal(isAlive(pid), false);
    assert.equal(await isHealthy(etcd), false);
    await assert.rejects(etcd.restart(), /was closed/);
  });
});
