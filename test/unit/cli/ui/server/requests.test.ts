import assert from 'node:assert/strict';
import {
  parseAction,
  parseEmpty,
  parseLeases,
  parseRecord,
  parseSession,
  parseTimeline,
} from '#src/cli/ui/server/requests.js';

const action = { action: 'drain', key: 'svc/e1', modRevision: '7' };

describe('a request of the page', () => {
  for (const [name, parse, body] of [
    ['session', parseSession, { token: 't' }],
    ['of nothing', parseEmpty, {}],
    ['timeline', parseTimeline, {}],
    ['timeline of a service', parseTimeline, { service: 's', before: 3, limit: 500 }],
    ['timeline with a filter', parseTimeline, { key: 'k', types: ['left', 'etcd'], text: 'a b' }],
    ['record', parseRecord, { key: '\udc80' }],
    ['leases', parseLeases, { leases: ['0', '7fffffffffffffff'] }],
    ['drain', parseAction, action],
    ['weight', parseAction, { ...action, action: 'weight', weight: 0 }],
  ] as const)
    it(`${name} is read as it is`, () => {
      const parsed = Object.entries(parse(body)).filter(([, value]) => value !== undefined);
      assert.deepEqual(Object.fromEntries(parsed), body);
    });

  for (const [why, parse, json] of [
    ['null', parseEmpty, 'null'],
    ['a list', parseEmpty, '[]'],
    ['a text', parseEmpty, '"x"'],
    ['an unknown field', parseEmpty, '{"x":1}'],
    ['a polluting field', parseEmpty, '{"__proto__":{"token":"t"}}'],
    ['a field from the prototype', parseSession, '{"__proto__":{"token":"t"}}'],
    ['no token', parseSession, '{}'],
    ['a token that is a number', parseSession, '{"token":1}'],
    ['an empty service', parseTimeline, '{"service":""}'],
    ['a limit above 500', parseTimeline, '{"limit":501}'],
    ['a limit with a fraction', parseTimeline, '{"limit":1.5}'],
    ['a limit that is a text', parseTimeline, '{"limit":"5"}'],
    ['a number beyond 2^53', parseTimeline, '{"before":9007199254740993}'],
    ['an unknown type of entry', parseTimeline, '{"types":["left","__proto__"]}'],
    ['a type of entry twice', parseTimeline, '{"types":["left","left"]}'],
    ['types that are not a list', parseTimeline, '{"types":"left"}'],
    ['a long text', parseTimeline, JSON.stringify({ text: 'x'.repeat(201) })],
    ['a key that is a list', parseRecord, '{"key":["a"]}'],
    ['an empty key', parseRecord, '{"key":""}'],
    ['too many leases', parseLeases, JSON.stringify({ leases: Array.from({ length: 201 }, () => '1') })],
    ['a lease in upper case', parseLeases, '{"leases":["FF"]}'],
    ['leases that are not a list', parseLeases, '{"leases":{"length":1}}'],
    ['an unknown action', parseAction, '{"action":"toString","key":"k","modRevision":"1"}'],
    ['revision 0', parseAction, '{"action":"drain","key":"k","modRevision":"0"}'],
    ['a revision that is a number', parseAction, '{"action":"drain","key":"k","modRevision":1}'],
    ['a weight for another action', parseAction, '{"action":"drain","key":"k","modRevision":"1","weight":1}'],
    ['no weight', parseAction, '{"action":"weight","key":"k","modRevision":"1"}'],
    ['an infinite weight', parseAction, '{"action":"weight","key":"k","modRevision":"1","weight":1e999}'],
    ['a negative weight', parseAction, '{"action":"weight","key":"k","modRevision":"1","weight":-1}'],
  ] as const)
    it(`with ${why} is invalid`, () => {
      assert.throws(() => parse(JSON.parse(json)), { name: 'ApiError', code: 'invalid' });
    });
});
