import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from '../client/support.js';

const program = fileURLToPath(new URL('paused-client.js', import.meta.url));
const ttlSeconds = 2;

describe('a process that is paused for twice the TTL of its lock', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  const next = async (child: ChildProcess) => (await once(child, 'message'))[0] as unknown;

  async function startPaused(name: string, role: 'holder' | 'waiter'): Promise<ChildProcess> {
    const child = fork(program, [etcd().endpoints[0]!, name, String(ttlSeconds), role]);
    children.push(child);
    assert.equal(await next(child), 'ready');
    child.kill('SIGSTOP');
    return child;
  }

  it('reads held as false in its first statement, after its signal has aborted, and its write is not applied', async () => {
    const client = connect(etcd().endpoints);
    const name = `${folderOf(etcd())}jobs`;
    const paused = await startPaused(name, 'holder');
    await using lock = await client.lock(name, { ttlSeconds });
    const stopped = performance.now();
    await eventually('twice the TTL has passed', () => performance.now() - stopped > 1_000 * ttlSeconds);
    assert.equal(lock.held, true);
    const report = next(paused);
    paused.kill('SIGCONT');
    assert.deepEqual(await report, ['aborted', 'not held', 'LockLostError']);
    assert.equal((await client.kv.get(`${name}-written`)).kv, undefined);
    assert.equal(lock.held, true);
  });

  it('does not believe that it won, when the lock became free meanwhile', async () => {
    const client = connect(etcd().endpoints);
    const name = `${folderOf(etcd())}jobs`;
    const first = await client.lock(name);
    const paused = await startPaused(name, 'waiter');
    await first.release();
    await eventually('its key has expired', async () => !(await client.lockQueue(name)).holder);
    const report = next(paused);
    paused.kill('SIGCONT');
    const [answer] = (await report) as string[];
    assert.match(answer!, /^LockLostError (lost-contact|lease-expired|key-deleted)$/);
  });
});
