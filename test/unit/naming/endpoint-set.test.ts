import assert from 'node:assert/strict';
import type { MirrorUpdate } from '#src/mirror/index.js';
import type { KeyValue } from '#src/model/index.js';
import { EndpointSet } from '#src/naming/endpoint-set.js';
import { defaultFormat } from '../../support/naming/format.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';

const good = (addr: string) => `{"Op":0,"Addr":"${addr}","Metadata":null}`;

function kv(key: string, value: string, revision = 5n): [string, KeyValue] {
  return [
    key,
    {
      key: Buffer.from(key),
      value: Buffer.from(value),
      createRevision: revision,
      modRevision: revision,
      version: 1n,
      lease: 9n,
    },
  ];
}

const snapshot = (...kvs: [string, KeyValue][]): MirrorUpdate => ({
  type: 'snapshot',
  reason: 'initial',
  revision: 5n,
  kvs: new Map(kvs),
});

const delta = (puts: [string, KeyValue][], deletes: string[] = []): MirrorUpdate => ({
  type: 'delta',
  revision: 6n,
  puts: new Map(puts),
  deletes: new Set(deletes),
});

const record = (key: string, addr: string) => ({ key, addr, createRevision: 5n, modRevision: 5n, lease: 9n });

describe('a set of endpoints', () => {
  let set: EndpointSet;

  beforeEach(() => {
    set = new EndpointSet(defaultFormat());
    set.apply(snapshot(kv('svc/1', good('a:1')), kv('svc/bad', 'a:1'), kv('svc/2', good('b:1'))));
  });

  it('reports a snapshot with all records and the keys of invalid values', () => {
    const update = snapshot(kv('svc/1', good('a:1')), kv('svc/bad', '"x"'));
    assert.deepEqual(withoutPrototypes(new EndpointSet(defaultFormat()).apply(update)), {
      type: 'snapshot',
      reason: 'initial',
      revision: 5n,
      endpoints: new Map([['svc/1', record('svc/1', 'a:1')]]),
      invalid: new Set(['svc/bad']),
    });
  });

  it('reports an empty snapshot', () => {
    const event = new EndpointSet(defaultFormat()).apply(snapshot());
    assert.equal(event.type, 'snapshot');
    assert.equal(event.type === 'snapshot' && event.endpoints.size, 0);
  });

  it('reports added, changed and removed records', () => {
    const update = delta([kv('svc/1', good('a:2')), kv('svc/3', good('c:1'))], ['svc/2']);
    assert.deepEqual(withoutPrototypes(set.apply(update)), {
      type: 'delta',
      revision: 6n,
      added: [record('svc/3', 'c:1')],
      changed: [record('svc/1', 'a:2')],
      removed: ['svc/2'],
      invalid: new Set(['svc/bad']),
    });
    assert.deepEqual([...set.records.keys()].sort(), ['svc/1', 'svc/3']);
  });

  it('reports a record that is no longer readable as removed, and keeps the others', () => {
    const update = delta([kv('svc/1', '{"Addr":'), kv('svc/2', good('b:2'))]);
    assert.deepEqual(withoutPrototypes(set.apply(update)), {
      type: 'delta',
      revision: 6n,
      added: [],
      changed: [record('svc/2', 'b:2')],
      removed: ['svc/1'],
      invalid: new Set(['svc/1', 'svc/bad']),
    });
    assert.deepEqual([...set.invalid].sort(), ['svc/1', 'svc/bad']);
  });

  it('reports a record that became readable as added', () => {
    const event = set.apply(delta([kv('svc/bad', good('d:1'))]));
    assert.deepEqual(withoutPrototypes(event.type === 'delta' && event.added), [record('svc/bad', 'd:1')]);
    assert.equal(set.invalid.size, 0);
  });

  it('reports an invalid record that stays invalid, appears or disappears only by its key', () => {
    for (const [update, ...invalid] of [
      [delta([kv('svc/bad', '[]')]), 'svc/bad'],
      [delta([kv('svc/bad2', '[]')]), 'svc/bad', 'svc/bad2'],
      [delta([], ['svc/bad', 'svc/bad2'])],
    ] as const) {
      const event = set.apply(update);
      const nothing = { added: [], changed: [], removed: [] };
      assert.deepEqual(withoutPrototypes(event), {
        type: 'delta',
        revision: 6n,
        ...nothing,
        invalid: new Set(invalid),
      });
    }
    assert.equal(set.invalid.size, 0);
  });

  it('applies tens of thousands of invalid values in linear time', () => {
    // Processor time: a busy machine stretches wall-clock time.
    const timeOf = (count: number) => {
      const values = Array.from({ length: count }, (_, i) => kv(`svc/${i}`, 'no endpoint'));
      const fresh = new EndpointSet(defaultFormat());
      const before = process.cpuUsage();
      fresh.apply(snapshot(...values));
      assert.equal(fresh.apply(delta(values)).invalid.size, count);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    const [few, many] = [timeOf(500), timeOf(20_000)];
    // 40 times the values: a quadratic algorithm takes 1,600 times as long.
    assert.ok(many < 400 * few, `${few} ms for 500 values, ${many} ms for 20,000`);
  });

  it('does not change earlier events', () => {
    const first = set.apply(snapshot(kv('svc/bad', 'no endpoint')));
    const second = set.apply(delta([kv('svc/worse', 'no endpoint')]));
    set.apply(delta([], ['svc/bad', 'svc/worse']));
    assert.deepEqual([first.invalid.size, second.invalid.size], [1, 2]);
  });

  it('reports nothing when an unknown key is deleted', () => {
    const event = set.apply(delta([], ['svc/9']));
    assert.deepEqual(event.type === 'delta' && event.removed, []);
  });

  it('is replaced by a snapshot, including the invalid records', () => {
    set.apply(snapshot(kv('svc/7', good('g:1'))));
    assert.deepEqual([...set.records.keys()], ['svc/7']);
    assert.equal(set.invalid.size, 0);
  });

  it('returns snapshots that later changes do not affect', () => {
    const event = set.apply(snapshot(kv('svc/1', good('a:1'))));
    set.apply(delta([], ['svc/1']));
    assert.equal(event.type === 'snapshot' && event.endpoints.size, 1);
  });

  it('preserves keys in other alphabets', () => {
    set.apply(delta([kv('svc/日本', good('j:1'))]));
    assert.ok(set.records.has('svc/日本'));
    const event = set.apply(delta([], ['svc/日本']));
    assert.deepEqual(event.type === 'delta' && event.removed, ['svc/日本']);
  });
});
