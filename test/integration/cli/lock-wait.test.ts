import assert from 'node:assert/strict';
import { startFaultProxy } from '#src/testing/index.js';
import { until } from '#src/testing/wait.js';
import { timeoutMs, useLockCommands } from './lock-support.js';

describe('etcd-naming lock that waits', function () {
  this.timeout(60_000);
  const { etcd, commands, client, name, start, queue, hasWaiters, losses } = useLockCommands();

  it('exits with 124 if the lock is not free in time, and does not start the program', async () => {
    await start(0);
    for (const limit of ['0s', '300ms']) {
      const { code, stdout, stderr } = await commands.run(
        'lock',
        name(),
        '--timeout',
        limit,
        '--',
        'echo',
        'ran',
      );
      assert.deepEqual([code, stdout], [124, ''], stderr);
      assert.match(stderr, limit === '0s' ? /is not free: its holder is/ : /was not acquired within 300 ms/);
      assert.ok(await hasWaiters(0)(), 'its key is gone when it has ended');
    }
  });

  // An outage that is longer than the TTL ends the lease too.
  for (const [what, lose] of losses)
    it(`joins the queue again when ${what} while it waits`, async () => {
      const lock = await client().lock(name());
      const command = commands.start('lock', name(), '--', 'echo', 'ran');
      await until('it waits', { timeoutMs }, hasWaiters(1));
      const [lost] = (await queue()).waiters;
      await lose(lost!);
      await until('it waits with another key', { timeoutMs }, async () => {
        const [waiter] = (await queue()).waiters;
        return waiter !== undefined && !waiter.key.equals(lost!.key);
      });
      await lock.release();
      const { code, stdout, stderr } = await command.ended;
      assert.deepEqual([code, stdout], [0, 'ran\n'], stderr);
    });

  it('gives up its place when a signal ends the wait, and dies by the signal', async () => {
    await using lock = await client().lock(name());
    const command = commands.start('lock', name(), '--', 'echo', 'ran');
    await until('it waits', { timeoutMs }, hasWaiters(1));
    command.kill('SIGINT');
    const { signal, stdout } = await command.ended;
    assert.deepEqual([signal, stdout], ['SIGINT', '']);
    assert.ok(await hasWaiters(0)(), 'its key is gone when it has ended');
    assert.ok(lock.held);
  });

  it('leaves no lease if a signal arrives while its lease is granted', async () => {
    await using link = await startFaultProxy({ target: etcd().endpoints[0]! });
    link.delay({ up: 0, down: 300 });
    const before = new Set(await client().lease.list());
    const added = async () => (await client().lease.list()).filter((id) => !before.has(id));
    const command = commands.startWith(
      { ETCDCTL_ENDPOINTS: link.endpoint },
      'lock',
      name(),
      '--',
      'echo',
      'ran',
    );
    await until('etcd has granted its lease', { timeoutMs }, async () => (await added()).length === 1);
    command.kill('SIGTERM');
    const { signal, stdout } = await command.ended;
    assert.deepEqual([signal, stdout], ['SIGTERM', '']);
    assert.deepEqual(await added(), []);
  });
});
