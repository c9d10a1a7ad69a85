import assert from 'node:assert/strict';
import { EtcdError } from '#src/errors/index.js';

/** A mistake, how it is made, and the whole text that it is answered with. */
export type Row = readonly [mistake: string, make: () => unknown, text: RegExp];

/** What plain JavaScript lets through. */
export const untyped = (value: unknown) => value as never;

export function say(rows: readonly Row[]): void {
  for (const [mistake, make, text] of rows) {
    it(`${mistake}: ${text.source}`, async () => {
      await assert.rejects(
        async () => make(),
        (error: unknown) => {
          assert.ok(error instanceof EtcdError, `${error} is no error of the library`);
          assert.match(error.message, text);
          return true;
        },
      );
    });
  }
}
