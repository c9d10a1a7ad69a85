import assert from 'node:assert/strict';
import type { EtcdNode } from '#src/testing/etcd-node.js';
import { LocalEtcd, type NodeContext } from '#src/testing/local-etcd.js';

/** A node whose starts end when the test ends them. */
class FakeNode {
  readonly name = 'm0';
  readonly endpoint = '127.0.0.1:1';
  readonly steps: string[] = [];
  #end: { resolve: () => void; reject: (reason: Error) => void } | undefined;

  async start(): Promise<void> {
    this.steps.push('start');
    await new Promise<void>((resolve, reject) => {
      this.#end = { resolve, reject };
    });
  }

  async stop(): Promise<void> {
    this.steps.push('stop');
  }

  async kill(): Promise<void> {
    this.steps.push('kill');
    this.#end?.reject(new Error('it was ended by SIGKILL'));
  }

  async erase(): Promise<void> {
    this.steps.push('erase');
  }

  /** Waits for the start, and lets `/health` answer. */
  async started(): Promise<void> {
    await this.starting();
    this.steps.push('healthy');
    this.#end?.resolve();
    this.#end = undefined;
  }

  async starting(): Promise<void> {
    while (!this.#end) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a handle with concurrent operations', () => {
  let node: FakeNode;
  let etcd: LocalEtcd;

  beforeEach(() => {
    node = new FakeNode();
    const origin = {
      runtime: { source: 'binary' },
      version: '9.9.9',
      limits: { timeoutMs: 60_000 },
      prepareStore: async () => {},
    };
    etcd = new LocalEtcd(node as unknown as EtcdNode, origin as unknown as NodeContext);
  });

  it('shares a restart between all callers during it, and resolves each at its end', async () => {
    const completed: number[] = [];
    const all = [1, 2].map((n) => etcd.restart().then(() => completed.push(n)));
    await node.starting();
    all.push(etcd.restart().then(() => completed.push(3)));
    assert.deepEqual(completed, []);
    await node.started();
    await Promise.all(all);
    assert.deepEqual(node.steps, ['stop', 'start', 'healthy']);
  });

  it('restarts again for later callers', async () => {
    for (const _ of [1, 2]) await Promise.all([etcd.restart(), node.started()]);
    assert.deepEqual(node.steps, ['stop', 'start', 'healthy', 'stop', 'start', 'healthy']);
  });

  const ended = { kill: 'killed', stop: 'stopped' };
  for (const end of ['kill', 'stop'] as const)
    it(`restarts again after a ${end} that interrupted a restart`, async () => {
      const first = etcd.restart();
      await node.starting();
      await etcd[end]();
      const second = etcd.restart();
      await node.kill();
      await assert.rejects(
        first,
        new RegExp(`^Error: restart\\(\\) failed because etcd m0 was ${ended[end]}$`),
      );
      const before = node.steps.length;
      await node.started();
      await second;
      assert.deepEqual(node.steps.slice(before - 2), ['stop', 'start', 'healthy']);
    });

  it('never wipes during a restart or a wipe', async () => {
    const all = [etcd.wipe(), etcd.restart(), etcd.wipe()];
    for (const _ of all) await node.started();
    await Promise.all(all);
    const wipe = ['kill', 'erase', 'start', 'healthy'];
    assert.deepEqual(node.steps, [...wipe, 'stop', 'start', 'healthy', ...wipe]);
  });
});
