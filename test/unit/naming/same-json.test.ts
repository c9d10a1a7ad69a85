import assert from 'node:assert/strict';
import type { JsonValue } from '#src/naming/endpoint.js';
import { sameJson } from '#src/naming/json/same-json.js';

const nested = (depth: number, inside: string): JsonValue =>
  JSON.parse(`${'['.repeat(depth)}${inside}${']'.repeat(depth)}`);

describe('two JSON values', () => {
  it('are equal in any order of their members', () => {
    assert.ok(sameJson({ a: 1, b: [null, 'x'] }, { b: [null, 'x'], a: 1 }));
    assert.ok(sameJson(undefined, undefined));
    assert.ok(sameJson(JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')));
  });

  const different: [string, JsonValue | undefined, JsonValue | undefined][] = [
    ['a value', { a: 1 }, { a: 2 }],
    ['a name', { a: 1 }, { b: 1 }],
    ['an additional member', { a: 1 }, { a: 1, b: 1 }],
    ['a list and an object', [], {}],
    ['the length of a list', [1], [1, 2]],
    ['null and undefined', null, undefined],
    ['null and an object', null, {}],
    ['a number and its text', 1, '1'],
    ['a member named __proto__', JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"a":{}}')],
  ];
  for (const [what, a, b] of different) {
    it(`differ by ${what}`, () => {
      assert.ok(!sameJson(a, b));
      assert.ok(!sameJson(b, a));
    });
  }

  it('are compared even if nested deeper than the stack', () => {
    assert.ok(sameJson(nested(100_000, '1'), nested(100_000, '1')));
    assert.ok(!sameJson(nested(100_000, '1'), nested(100_000, '2')));
  });
});
