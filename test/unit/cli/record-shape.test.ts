import assert from 'node:assert/strict';
import { hasShapeOf } from '#src/cli/data/record-shape.js';

const rows: readonly (readonly [codec: string, value: string, expected: boolean])[] = [
  ['kratos', '{"id":"a","name":"web","version":"","metadata":null,"endpoints":["http://h:1"]}', true],
  ['kratos', '{"name":"web","endpoints":[]}', true],
  ['kratos', '{"name":"web","endpoints":null}', false],
  ['kratos', '{"name":"","endpoints":["http://h:1"]}', false],
  ['kratos', '{"name":"web","endpoints":[7]}', false],
  ['kratos', '{"name":"web","endpoints":[],"nodes":[{"id":"a"}]}', false],
  ['kratos', '{"Op":0,"Addr":"h:1","Metadata":null}', false],
  ['kratos', 'hello', false],
  ['kratos', 'null', false],
  ['kratos', '[]', false],
  ['kratos', '['.repeat(100_000), false],
  ['go-micro', '{"name":"web","nodes":[]}', true],
  ['go-micro', '{"name":"web","endpoints":["http://h:1"]}', false],
  ['kitex', '{"network":"udp","address":"h:1","weight":10,"tags":null}', true],
  ['kitex', '{"network":"tcp"}', false],
  ['coredns', '{"host":"10.0.0.7"}', true],
  ['coredns', '{"text":"a text"}', true],
  ['coredns', '{"port":7}', false],
  ['go-zero', '{"name":"web","endpoints":[]}', false],
  ['endpoints', '{"Op":256,"Addr":"h:1"}', false],
  ['toString', '{"name":"web"}', false],
  ['constructor', '{"name":"web"}', false],
];

describe('hasShapeOf', () => {
  for (const [codec, value, expected] of rows)
    it(`is ${expected} for ${codec} and ${value.slice(0, 60)}`, () => {
      assert.equal(hasShapeOf(codec, Buffer.from(value)), expected);
    });
});
