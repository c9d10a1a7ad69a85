import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from '../client/support.js';

const program = fileURLToPath(new URL('paused-owner.js', import.meta.url));
const ttlSeconds = 2;

describe('the owner of a lease whose process was stopped for twice its TTL', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { proxy } = useClients();
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  const next = async (child: ChildProcess) => (await once(child, 'message'))[0] as unknown;

  it('observes the loss before any call resolves, whether the call was sent before or after the pause', async () => {
    const link = await proxy(etcd());
    const child = fork(program, [link.endpoint, String(ttlSeconds), `${folderOf(etcd())}owned`]);
    children.push(child);
    assert.equal(await next(child), 'holds');

    link.delay({ up: 0, down: 300 });
    child.send('call');
    assert.equal(await next(child), 'called');
    child.kill('SIGSTOP');
    const stopped = performance.now();
    await eventually('twice the TTL has passed', () => performance.now() - stopped > 2_000 * ttlSeconds);
    const report = next(child);
    child.kill('SIGCONT');
    const { order, held } = (await report) as { order: string[]; held: boolean };

    assert.equal(held, false);
    assert.deepEqual(order.slice(0, 2), ['aborted', 'lost'], order.join(', '));
    for (const call of ['put', 'get', 'once', 'late put']) assert.ok(order.includes(call), order.join(', '));
  });
});

describe('the owner of a lease whose event loop was blocked for twice its TTL', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();

  it('observes the loss before the next response, even one in the same packet as the last', async () => {
    const link = await proxy(etcd());
    const client = connect([link.endpoint]);
    const lease = await client.lease.hold({ ttlSeconds });
    const order: string[] = [];
    lease.signal.addEventListener('abort', () => order.push('aborted'));
    void lease.ended.then(() => order.push('lost'));
    link.delay({ up: 0, down: 200 });
    // etcd may respond to either first.
    const answered = (call: string) => () => {
      order.push(call);
      if (order.length === 1)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000 * ttlSeconds);
    };
    await Promise.all(['one', 'other'].map((key) => client.kv.get(key).then(answered(key))));
    assert.deepEqual(order.slice(1, 3), ['aborted', 'lost'], order.join(', '));
    assert.deepEqual([order[0], order[3]].sort(), ['one', 'other']);
    assert.equal((await lease.ended).reason, 'lost-contact');
  });
});
