import assert from 'node:assert/strict';
import { isShallow } from '#src/cli/ui/actions/record-reply.js';
import type { JsonValue } from '#src/index.js';

const nested = (depth: number) => JSON.parse(`${'['.repeat(depth)}1${']'.repeat(depth)}`) as JsonValue;

describe('isShallow', () => {
  it('is true up to 200 levels, in lists and objects', () => {
    assert.equal(isShallow('text'), true);
    assert.equal(isShallow({ a: nested(199), b: null }), true);
    assert.equal(isShallow(nested(201)), false);
  });

  it('does not need the stack', () => {
    assert.equal(isShallow(nested(500_000)), false);
  });
});
