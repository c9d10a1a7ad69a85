import assert from 'node:assert/strict';
import { EtcdError } from '#src/errors/index.js';

/** Name of a mistake, the call that makes it, and the expected error text. */
export type Mistake = readonly [mistake: string, make: () => unknown, text: RegExp];

/** Passes a value that plain JavaScript allows but the types do not. */
export const untyped = (value: unknown) => value as never;

export function itRejects(rows: readonly Mistake[]): void {
  for (const [mistake, make, text] of rows) {
    it(`${mistake}: ${text.source}`, async () => {
      await assert.rejects(
        async () => make(),
        (error: unknown) => {
          assert.ok(error instanceof EtcdError, `${error} is not an EtcdError`);
          assert.match(error.message, text);
          return true;
        },
      );
    });
  }
}
