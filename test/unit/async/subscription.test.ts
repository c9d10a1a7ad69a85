import { deepEqual, equal, rejects } from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { Broadcast, Subscription } from '#src/async/index.js';

function subscribe(broadcast: Broadcast<number>, signal?: AbortSignal, maxQueued = 3) {
  return new Subscription<number>((put, end) => broadcast.listen(put, end), { maxQueued, signal });
}

async function valuesOf(subscription: Subscription<number>): Promise<number[]> {
  const values: number[] = [];
  for await (const value of subscription) values.push(value);
  return values;
}

describe('a subscription', () => {
  it('keeps the newest values for a slow reader, and ends with its source', async () => {
    const broadcast = new Broadcast<number>();
    const subscription = subscribe(broadcast);
    for (const value of [1, 2, 3, 4, 5]) broadcast.publish(value);
    broadcast.end();
    deepEqual(await valuesOf(subscription), [3, 4, 5]);
  });

  it('ends immediately when its source has ended, also with an aborted signal', async () => {
    const broadcast = new Broadcast<number>();
    broadcast.end();
    deepEqual(await valuesOf(subscribe(broadcast)), []);
    deepEqual(await valuesOf(subscribe(broadcast, AbortSignal.abort(new Error('aborted')))), []);
  });

  it('passes the error of its source to the reader', async () => {
    const subscription = new Subscription<number>(
      (put, end) => {
        put(1);
        end(new Error('the source'));
        return () => {};
      },
      { maxQueued: 1, signal: undefined },
    );
    deepEqual(await subscription.next(), { done: false, value: 1 });
    await rejects(subscription.next(), /the source/);
    deepEqual(await subscription.next(), { done: true, value: undefined });
  });

  it("unsubscribes on an abort, and rejects with the signal's reason", async () => {
    const broadcast = new Broadcast<number>();
    const abort = new AbortController();
    const subscription = subscribe(broadcast, abort.signal);
    const reason = new Error('enough');
    const pending = rejects(subscription.next(), (error) => error === reason);
    abort.abort(reason);
    await pending;
    equal(broadcast.size, 0);
  });

  it('does not subscribe for longer than its signal allows when that is aborted before', async () => {
    const broadcast = new Broadcast<number>();
    await rejects(subscribe(broadcast, AbortSignal.abort(new Error('before'))).next(), /before/);
    equal(broadcast.size, 0);
  });

  for (const [what, end] of [
    [
      'its reader returns',
      (_: Broadcast<number>, subscription: Subscription<number>) => subscription.return(),
    ],
    ['its source ends', (broadcast: Broadcast<number>) => broadcast.end()],
  ] as const)
    it(`leaves no listener behind when ${what}`, async () => {
      const broadcast = new Broadcast<number>();
      const { signal } = new AbortController();
      const subscription = subscribe(broadcast, signal);
      await end(broadcast, subscription);
      equal(broadcast.size, 0);
      equal(getEventListeners(signal, 'abort').length, 0);
      deepEqual(await subscription.next(), { done: true, value: undefined });
    });
});
