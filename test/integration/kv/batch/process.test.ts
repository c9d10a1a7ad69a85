import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { skipUnlessBreakable, useEtcd } from '../../../support/etcd.js';
import { eventually } from '../../../support/eventually.js';

describe('a process whose only pending work are reads in a transaction', () => {
  const etcd = useEtcd();

  beforeEach(function () {
    skipUnlessBreakable(this, etcd());
  });

  /**
   * Runs a program with a client whose reads travel together, on an etcd that is paused before the program goes on. Calls
   * `onRead` when the program has sent its reads.
   */
  async function run(program: string, onRead: () => Promise<void>): Promise<number | null> {
    const script = `
      import { EtcdClient } from '#src/client/index.js';
      const client = new EtcdClient({ endpoints: ['${etcd().endpoints[0]}'], timeoutMs: 60_000 });
      const read = (options) => [client.kv.get('a', options), client.kv.get('b', options)];
      for (let i = 0; i < 50; i++) await Promise.all(read());
      await new Promise((resolve) => { process.once('message', resolve); process.send('ready'); });
      ${program}`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const received: unknown[] = [];
    child.on('message', (message) => received.push(message));
    const stop = setTimeout(() => child.kill('SIGKILL'), 40_000);
    try {
      await eventually('the program is ready', () => received.includes('ready'), 30_000);
      await etcd().pause();
      const closed = once(child, 'close');
      child.send('go');
      await eventually('the program has read', () => received.includes('read'));
      await onRead();
      const [code] = await closed;
      return code as number | null;
    } finally {
      clearTimeout(stop);
      child.kill('SIGKILL');
      await etcd().resume();
    }
  }

  it('lives until they are answered, and then exits', async () => {
    // A program whose main module waits for something that cannot happen any more exits with code 13.
    const program = `
      const reads = Promise.all(read());
      setImmediate(() => process.send('read', () => process.disconnect()));
      await reads;`;
    assert.equal(await run(program, () => etcd().resume()), 0);
  });

  it('exits when their callers have aborted, although the transaction is not answered', async () => {
    const program = `
      const controller = new AbortController();
      const reads = Promise.allSettled(read({ signal: controller.signal }));
      setImmediate(() => controller.abort());
      await reads;
      process.send('read', () => process.disconnect());`;
    assert.equal(await run(program, async () => {}), 0);
  });
});
