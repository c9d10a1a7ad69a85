import { deepEqual, equal, rejects } from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { resolvesWithin, withTimeout, withTimeoutSignal } from '#src/async/index.js';
import { FakeClock } from '../lease/fakes.js';

const never = new Promise<never>(() => {});
const late = () => new Error('too late');

describe('a timeout', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock();
  });

  it('rejects with its error, and the work continues', async () => {
    const result = rejects(withTimeout(never, 100, late, { clock }), /too late/);
    clock.advance(100);
    await result;
    equal(clock.timers, 0);
  });

  for (const [what, work] of [
    ['resolves', () => Promise.resolve(7)],
    ['rejects', () => Promise.reject(new Error('the work'))],
  ] as const)
    it(`leaves no timer behind when the work ${what}`, async () => {
      const { signal } = new AbortController();
      const results = await Promise.allSettled([
        withTimeout(work(), 100, late, { clock, signal }),
        resolvesWithin(work(), 100, clock),
        withTimeoutSignal(100, signal, work, clock),
      ]);
      equal(clock.timers, 0);
      equal(getEventListeners(signal, 'abort').length, 0);
      deepEqual(
        results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message)),
        what === 'resolves' ? [7, true, 7] : ['the work', 'the work', 'the work'],
      );
    });

  it('rejects with the reason of an abort, and leaves neither a timer nor a listener behind', async () => {
    const abort = new AbortController();
    const result = rejects(withTimeout(never, 100, late, { clock, signal: abort.signal }), /the caller/);
    abort.abort(new Error('the caller'));
    equal(clock.timers, 0);
    await result;
    await rejects(withTimeout(never, 100, late, { clock, signal: abort.signal }), /the caller/);
    equal(clock.timers, 0);
  });

  it('leaves no listener behind when its time is over before the work', async () => {
    const { signal } = new AbortController();
    const result = rejects(withTimeout(never, 100, late, { clock, signal }), /too late/);
    clock.advance(100);
    await result;
    equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('answers whether the work resolved in time', async () => {
    const resolved = resolvesWithin(never, 100, clock);
    clock.advance(100);
    equal(await resolved, false);
  });

  it('aborts the signal of the work like AbortSignal.timeout()', async () => {
    let given: AbortSignal | undefined;
    const work = (signal: AbortSignal) => {
      given = signal;
      return never;
    };
    void withTimeoutSignal(100, undefined, work, clock);
    clock.advance(99);
    equal(given?.aborted, false);
    clock.advance(1);
    equal(given?.reason.name, 'TimeoutError');
  });

  it("aborts the signal of the work with the caller's reason", async () => {
    const abort = new AbortController();
    let given: AbortSignal | undefined;
    const work = (signal: AbortSignal) => {
      given = signal;
      return never;
    };
    void withTimeoutSignal(100, abort.signal, work, clock);
    const reason = new Error('the caller');
    abort.abort(reason);
    equal(given?.reason, reason);
  });
});
