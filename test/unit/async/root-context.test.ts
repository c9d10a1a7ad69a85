import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { inRootContext, systemClock } from '#src/async/index.js';

describe('work in the root context', () => {
  const storage = new AsyncLocalStorage<string>();

  it('does not have the context of its caller, nor does what it starts', async () => {
    const found = await storage.run('request', () =>
      inRootContext(async () => {
        const before = storage.getStore();
        await new Promise(setImmediate);
        return [before, storage.getStore()];
      }),
    );
    assert.deepEqual(found, [undefined, undefined]);
  });

  it('leaves the context of its caller as it was, and passes on errors', () => {
    storage.run('request', () => {
      assert.throws(() => inRootContext(() => assert.fail('thrown')), { message: 'thrown' });
      assert.equal(storage.getStore(), 'request');
    });
  });

  it('is that of the callbacks of timers, which callers share', async () => {
    const found = await new Promise((resolve) => {
      storage.run('request', () => systemClock.setTimer(1, () => resolve([storage.getStore()])));
    });
    assert.deepEqual(found, [undefined]);
  });
});
