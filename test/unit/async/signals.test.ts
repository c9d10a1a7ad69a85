import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { delay, onAbort, raceAbort, withAnySignal } from '#src/async/index.js';
import { protoFolder } from '#src/raw/index.js';

const sources = join(protoFolder(), '../src');
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('a wait with a signal', () => {
  it("rejects with the signal's own reason", async () => {
    const abort = new AbortController();
    const reason = { odd: 'reasons may be anything' };
    const race = assert.rejects(raceAbort(new Promise(() => {}), abort.signal), (e) => e === reason);
    const pause = assert.rejects(delay(1_000_000, abort.signal), (e) => e === reason);
    abort.abort(reason);
    await Promise.all([race, pause]);
  });

  it('rejects immediately when the signal is already aborted', async () => {
    const reason = new Error('before');
    const signal = AbortSignal.abort(reason);
    await assert.rejects(raceAbort(new Promise(() => {}), signal), (e) => e === reason);
    await assert.rejects(delay(1_000_000, signal), (e) => e === reason);
  });

  it('leaves no listener behind', async () => {
    const { signal } = new AbortController();
    assert.equal(await raceAbort(Promise.resolve(7), signal), 7);
    await assert.rejects(raceAbort(Promise.reject(new Error('own')), signal), /own/);
    await delay(1, signal);
    onAbort(signal, () => {})();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(listeners(signal), 0);
  });

  it('leaves no unhandled rejection when the value is not a signal', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.prependListener('unhandledRejection', note);
    try {
      let fail: (error: Error) => void = () => {};
      const promise = new Promise((_, reject) => {
        fail = reject;
      });
      await assert.rejects(raceAbort(promise, {} as AbortSignal), TypeError);
      fail(new Error('later'));
      await new Promise((resolve) => setTimeout(resolve));
      assert.deepEqual(unhandled, []);
    } finally {
      process.removeListener('unhandledRejection', note);
    }
  });

  it('calls back once, and not after it is released', () => {
    const abort = new AbortController();
    const calls: unknown[] = [];
    onAbort(abort.signal, (reason) => calls.push(reason));
    const release = onAbort(abort.signal, () => calls.push('released'));
    release();
    abort.abort('now');
    abort.abort('again');
    assert.deepEqual(calls, ['now']);
  });

  it('shares one listener with all other waits of the same signal, and Node does not warn', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    try {
      const abort = new AbortController();
      const calls: number[] = [];
      const releases = Array.from({ length: 50 }, (_, i) => onAbort(abort.signal, () => calls.push(i)));
      const ended = Promise.all(
        Array.from({ length: 50 }, () => assert.rejects(delay(1_000_000, abort.signal), /enough/)),
      );
      assert.equal(listeners(abort.signal), 1);
      for (const release of releases.slice(10)) release();
      abort.abort(new Error('enough'));
      await ended;
      assert.deepEqual(calls, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(warnings, []);
    } finally {
      process.off('warning', note);
    }
  });

  it('is not called when an earlier callback of the same abort releases it', () => {
    const abort = new AbortController();
    const calls: string[] = [];
    onAbort(abort.signal, () => {
      calls.push('first');
      release();
    });
    const release = onAbort(abort.signal, () => calls.push('second'));
    abort.abort();
    assert.deepEqual(calls, ['first']);
  });

  it('listens again after all earlier waits have ended', () => {
    const abort = new AbortController();
    const calls: string[] = [];
    const release = onAbort(abort.signal, () => calls.push('released'));
    release();
    release();
    onAbort(abort.signal, () => calls.push('kept'));
    assert.equal(listeners(abort.signal), 1);
    release();
    abort.abort();
    assert.deepEqual(calls, ['kept']);
  });

  it('on two signals ends with the reason of the first that aborts', async () => {
    for (const first of [0, 1]) {
      const aborts = [new AbortController(), new AbortController()] as const;
      const [one, other] = [aborts[0].signal, aborts[1].signal];
      const wait = withAnySignal(one, other, (signal) => raceAbort(new Promise(() => {}), signal));
      const reason = new Error('enough');
      const ended = assert.rejects(wait, reason);
      aborts[first]?.abort(reason);
      aborts[1 - first]?.abort(new Error('too late'));
      await ended;
      assert.deepEqual([listeners(one), listeners(other)], [0, 0]);
    }
  });

  it('on two signals removes both listeners at its end', async () => {
    const [one, other] = [new AbortController().signal, new AbortController().signal];
    const during = await withAnySignal(one, other, async () => [listeners(one), listeners(other)]);
    assert.deepEqual(during, [1, 1]);
    assert.deepEqual([listeners(one), listeners(other)], [0, 0]);
    await assert.rejects(
      withAnySignal(one, other, () => Promise.reject(new Error('own'))),
      /own/,
    );
    assert.deepEqual([listeners(one), listeners(other)], [0, 0]);
  });

  it('works without a signal', async () => {
    assert.equal(await raceAbort(Promise.resolve(7), undefined), 7);
    onAbort(undefined, () => assert.fail('there is nothing to abort'))();
  });
});

describe('the abort of a signal', () => {
  it('has one place in the source that listens to it', () => {
    const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('gen/') && !file.startsWith('cli/'))
      .filter((file) => readFileSync(join(sources, file), 'utf8').includes("addEventListener('abort'"));
    assert.deepEqual(files, ['async/signals.ts']); // the command is exempt: it uses only the public entries
  });
});
