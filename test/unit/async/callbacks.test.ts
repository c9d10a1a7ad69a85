import assert from 'node:assert/strict';
import { callSafely } from '#src/async/index.js';

/** A thenable, such as a promise of another library. */
const thenable = (then: unknown) => Object.fromEntries([['then', then]]);

describe("a caller's callback", () => {
  const failure = new Error("the caller's");
  for (const [how, callback] of [
    ['throws', () => assert.fail(failure)],
    ['rejects', () => Promise.reject(failure)],
    [
      'is thenable and rejects',
      () => thenable((_: unknown, reject: (error: Error) => void) => reject(failure)),
    ],
  ] as const)
    it(`that ${how} only calls the error handler`, async () => {
      const error = await new Promise((resolve) => callSafely(callback, resolve));
      assert.equal(error, failure);
    });

  it('that succeeds does not call the error handler', async () => {
    for (const result of [undefined, 1, null, Promise.resolve(), thenable(undefined)])
      callSafely(
        () => result,
        () => assert.fail('failed'),
      );
    await new Promise((resolve) => setImmediate(resolve));
  });
});
