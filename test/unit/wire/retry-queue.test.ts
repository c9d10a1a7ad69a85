import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { sharedAbortController } from '#src/async/index.js';
import { RetryQueue } from '#src/wire/call/retry-queue.js';
import { RetryQueues } from '#src/wire/call/retry-queues.js';
import { FakeClock } from '../lease/fakes.js';

const forever = Number.POSITIVE_INFINITY;
const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('calls that wait to be sent again', () => {
  let clock: FakeClock;
  let queue: RetryQueue;

  beforeEach(() => {
    clock = new FakeClock();
    queue = new RetryQueue(clock, () => 0.5);
  });

  /** A caller whose attempts take 2 ms and end as `answers` returns; returns the number of attempts. */
  async function caller(answers: () => boolean, sent: number[], deadline = forever): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      if (!(await queue.wait(attempt === 0 ? 0 : 500, deadline, undefined))) return false;
      sent.push(clock.now());
      await new Promise<void>((resolve) => clock.setTimer(2, resolve));
      if (answers()) {
        queue.recordAnswer();
        return true;
      }
      queue.recordFailure();
    }
  }

  async function pass(ms: number): Promise<void> {
    for (let end = clock.now() + ms; clock.now() < end; ) {
      clock.advance(1);
      await tick();
    }
  }

  it('are sent at the same rate when thousands wait as when ten do', async () => {
    const counts: number[] = [];
    for (const callers of [10, 5_000]) {
      queue = new RetryQueue(clock, () => 0.5);
      const sent: number[] = [];
      for (let i = 0; i < callers; i++) void caller(() => false, sent, clock.now() + 6_000);
      await pass(5_000);
      counts.push(sent.length);
    }
    const [few = 0, many = 0] = counts;
    assert.ok(many <= few + 2 && many < 20, `${few} for ten callers, ${many} for thousands`);
  });

  it('are permitted a few at first and then more and more, and all of them succeed', async () => {
    const sent: number[] = [];
    let up = false;
    const calls = Array.from({ length: 1_000 }, () => caller(() => up, sent, clock.now() + 10_000));
    await pass(2_000);
    up = true;
    const before = sent.length;
    await pass(1_200);
    assert.deepEqual(await Promise.all(calls), Array(1_000).fill(true));
    const times = sent.slice(before);
    const first = times[0] ?? 0;
    const released = [0, 2, 4, 6].map((ms) => times.filter((at) => at === first + ms).length);
    assert.deepEqual(released, [1, 4, 16, 64]);
  });

  it('continue while a third of the attempts fails', async () => {
    const sent: number[] = [];
    let attempts = 0;
    const calls = Array.from({ length: 300 }, () =>
      caller(() => ++attempts % 3 > 0, sent, clock.now() + 4_000),
    );
    await pass(4_000);
    assert.deepEqual(await Promise.all(calls), Array(300).fill(true));
  });

  it('end at their own deadlines', async () => {
    const results: string[] = [];
    for (let i = 0; i < 3; i++) void queue.wait(0, forever, undefined);
    await pass(125); // the third is sent, and the next follows 125 ms later
    const wait = (name: string, inMs: number) =>
      queue.wait(0, clock.now() + inMs, undefined).then((granted) => results.push(`${name} ${granted}`));
    void wait('long', 1_000);
    void wait('short', 100);
    await pass(99);
    assert.deepEqual(results, []);
    await pass(1);
    assert.deepEqual(results, ['short false']);
    await pass(100);
    assert.deepEqual(results, ['short false', 'long true']);
  });

  it('are sent once more before the deadline if the pause would outlast it, and then wait for the deadline', async () => {
    const start = clock.now();
    const ends: string[] = [];
    const wait = () =>
      queue
        .wait(5_000, start + 1_000, undefined)
        .then((granted) => ends.push(`${granted} ${clock.now() - start}`));
    void wait();
    await pass(960);
    void wait();
    await pass(100);
    assert.deepEqual(ends, ['true 900', 'false 1000']);
    assert.equal(clock.timers, 0);
  });

  it('wait for their own pause although others are answered', async () => {
    let granted = false;
    void queue.wait(300, forever, undefined).then(() => {
      granted = true;
    });
    for (let i = 0; i < 29; i++) {
      await pass(10);
      queue.recordAnswer();
    }
    assert.equal(granted, false);
    await pass(10);
    assert.equal(granted, true);
  });

  it('share one timer, and reject immediately with the reason of their signal when it aborts', async () => {
    await queue.wait(0, forever, undefined);
    const abort = sharedAbortController();
    const reason = new Error('enough');
    const waits = Array.from({ length: 100 }, () => queue.wait(0, clock.now() + 60_000, abort.signal));
    assert.equal(clock.timers, 1);
    const ended = Promise.all(waits.map((wait) => assert.rejects(wait, reason)));
    abort.abort(reason);
    await ended;
    assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
    await assert.rejects(queue.wait(0, forever, abort.signal), reason);
  });

  it('remove the listeners of their signal once they are permitted', async () => {
    const { signal } = new AbortController();
    await queue.wait(0, forever, signal);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('reject when the queue closes, as do later calls', async () => {
    await queue.wait(0, forever, undefined);
    const closed = new Error('closed');
    const waits = [queue.wait(0, forever, undefined), queue.wait(9_000, clock.now() + 10_000, undefined)];
    const ended = Promise.all(waits.map((wait) => assert.rejects(wait, closed)));
    queue.close(closed);
    await ended;
    await assert.rejects(queue.wait(0, forever, undefined), closed);
    assert.equal(clock.timers, 0);
  });

  it('need no timer and no state while calls succeed', () => {
    assert.equal(queue.isActive, false);
    for (let i = 0; i < 10; i++) queue.recordAnswer();
    assert.equal(clock.timers, 0);
    assert.equal(queue.isActive, false);
  });

  it('wait in separate queues by kind, because answered reads say nothing about writes', async () => {
    const queues = new RetryQueues(clock, () => 0.5);
    await queues.for('write').wait(0, forever, undefined);
    let released = 0;
    for (let i = 0; i < 50; i++)
      void queues
        .for('write')
        .wait(0, forever, undefined)
        .then(() => released++);
    for (let i = 0; i < 50; i++) queues.for('read').recordAnswer();
    for (let i = 0; i < 50; i++) queues.for('local-read').recordAnswer();
    await tick();
    assert.equal(released, 0);
    assert.equal(queues.for('idempotent'), queues.for('write'));
    assert.notEqual(queues.for('local-read'), queues.for('read'));
  });

  it('reject, whatever their kind, when the queues close', async () => {
    const queues = new RetryQueues(clock, () => 0.5);
    const closed = new Error('closed');
    const waits = (['local-read', 'read', 'write'] as const).map((level) =>
      assert.rejects(queues.for(level).wait(9_000, forever, undefined), closed),
    );
    queues.close(closed);
    await Promise.all(waits);
  });

  it('lose the permissions of earlier answers when an attempt fails', async () => {
    await queue.wait(0, forever, undefined);
    let sent = 0;
    for (let i = 0; i < 5; i++) void queue.wait(300, forever, undefined).then(() => sent++);
    queue.recordAnswer();
    queue.recordFailure();
    await pass(301);
    assert.equal(sent, 1);
  });
});
