import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { DeltaMessage, EndpointRow, Queue, Settings } from '#src/cli/ui/protocol/index.js';
import { Receiver } from '#ui/browser/state/receiver.js';
import { RecordStore } from '#ui/browser/state/record-store.js';
import { endpointRow } from '../../../../../support/ui-rows.js';

const settings: Settings = {
  ...{ prefix: '', readOnly: false, canDrain: true, canSetWeight: true, version: '1.0.0', endpoints: [] },
};

class Fixture {
  readonly store = new RecordStore();
  readonly log: string[] = [];
  queues: ReadonlyMap<string, Queue> = new Map();
  readonly receiver = new Receiver(this.store, {
    onStatus: () => this.log.push('status'),
    onBegin: () => this.log.push('begin'),
    onSnapshot: () => this.log.push('snapshot'),
    onDelta: () => this.log.push('delta'),
    onQueues: (queues) => {
      this.queues = queues;
    },
    onEntries: (entries) => this.log.push(`entries ${entries.map(({ n }) => n).join()}`),
  });

  begin(...rows: readonly EndpointRow[]): void {
    this.receiver.receive({ type: 'begin', settings, rows: rows.length });
    for (const row of rows) this.receiver.receive({ type: 'rows', rows: [row], queues: [] });
  }

  end(): void {
    this.receiver.receive({ type: 'end', revision: '1' });
  }

  delta(delta: Partial<DeltaMessage>): void {
    const empty = { puts: [], removed: [], queues: [], removedQueues: [], entries: [] };
    this.receiver.receive({ type: 'delta', revision: '2', ...empty, ...delta });
  }

  get keys(): string[] {
    return [...this.store.rows.keys()];
  }
}

function queue(name: string): Queue {
  return { name, kind: 'lock', entries: [], heldSince: 0, heldBefore: true };
}

describe('a received snapshot', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = new Fixture();
    fixture.begin(endpointRow({ id: 'a' }), endpointRow({ id: 'b' }));
    fixture.end();
  });

  it('replaces what is shown at its end, not before', () => {
    fixture.begin(endpointRow({ id: 'b' }), endpointRow({ id: 'c', service: 'cart' }));
    assert.deepEqual(fixture.keys, ['shop/a', 'shop/b']);
    fixture.end();
    assert.deepEqual(fixture.keys, ['shop/b', 'cart/c']);
    assert.deepEqual([...fixture.store.services.keys()], ['shop', 'cart']);
    assert.deepEqual(fixture.log, ['begin', 'snapshot', 'begin', 'snapshot']);
  });

  it('is dropped when its stream is lost', () => {
    fixture.begin(endpointRow({ id: 'c' }));
    fixture.receiver.reset();
    fixture.end();
    assert.deepEqual(fixture.keys, ['shop/a', 'shop/b']);
  });

  it('has queues, which changes replace and remove', () => {
    fixture.receiver.receive({ type: 'begin', settings, rows: 0 });
    fixture.receiver.receive({ type: 'rows', rows: [], queues: [queue('x'), queue('y')] });
    fixture.end();
    assert.deepEqual([...fixture.queues.keys()], ['x', 'y']);
    fixture.delta({ queues: [queue('z')], removedQueues: ['x'] });
    assert.deepEqual([...fixture.queues.keys()], ['y', 'z']);
  });
});

describe('a received change', () => {
  it('puts and removes records, and passes the entries on', () => {
    const fixture = new Fixture();
    fixture.begin(endpointRow({ id: 'a' }));
    fixture.end();
    const entry = { n: 7, at: 0, what: { type: 'etcd-away' } } as const;
    fixture.delta({
      puts: [endpointRow({ id: 'b' })],
      removed: ['shop/a', 'shop/unknown'],
      entries: [entry],
    });
    assert.deepEqual(fixture.keys, ['shop/b']);
    assert.deepEqual(fixture.log.slice(2), ['entries 7', 'delta']);
  });
});

describe('the changes of the store', () => {
  it('are published together, with the names of records and services', () => {
    const store = new RecordStore();
    const published: [string[], string[]][] = [];
    store.listen({
      onChanges: ({ keys, services }) => published.push([[...keys], [...services]]),
      onReplaced: () => assert.fail('nothing was replaced'),
    });
    store.apply({ puts: [endpointRow({ id: 'a' })], removed: [] });
    store.apply({ puts: [endpointRow({ id: 'b', service: 'cart' })], removed: ['shop/a', 'shop/none'] });
    store.publish();
    store.publish();
    assert.deepEqual(published, [
      [
        ['shop/a', 'cart/b'],
        ['shop', 'cart'],
      ],
    ]);
  });

  it('name both services of a record that moves', () => {
    const store = new RecordStore();
    store.apply({ puts: [endpointRow({ key: 'k', service: 'shop' })], removed: [] });
    store.publish();
    const services: string[] = [];
    store.listen({ onChanges: (changes) => services.push(...changes.services), onReplaced: () => {} });
    store.apply({ puts: [endpointRow({ key: 'k', service: 'cart' })], removed: [] });
    store.publish();
    assert.deepEqual(services, ['shop', 'cart']);
    assert.deepEqual([...store.services.keys()], ['cart']);
  });
});

describe('the counts of services', () => {
  const anyRow = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    service: fc.constantFrom('shop', 'cart', '__proto__'),
    status: fc.constantFrom(undefined, 'draining', 'up'),
    zone: fc.constantFrom(undefined, 'eu', 'us'),
    lease: fc.constantFrom(undefined, '1'),
    problem: fc.constantFrom(undefined, undefined, 'broken'),
  });
  const change = fc.record({ row: anyRow, removes: fc.boolean() });

  it('are those of their rows after any changes', () => {
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const store = new RecordStore();
        for (const { row, removes } of changes) {
          const { key, ...rest } = endpointRow(row);
          store.apply(removes ? { puts: [], removed: [key] } : { puts: [{ key, ...rest }], removed: [] });
        }
        for (const service of store.services.values()) {
          const rows = [...store.rows.values()].filter((row) => row.service === service.name);
          assert.deepEqual(service.summary(), summaryOf(service.name, rows));
        }
        assert.equal(store.services.size, new Set([...store.rows.values()].map((row) => row.service)).size);
      }),
    );
  });
});

function summaryOf(name: string, records: readonly EndpointRow[]) {
  const rows = records.filter(({ problem }) => problem === undefined);
  const count = (matches: (row: EndpointRow) => boolean) => rows.filter(matches).length;
  return {
    name,
    endpoints: rows.length,
    draining: count(({ status }) => status === 'draining'),
    permanent: count(({ lease }) => lease === undefined),
    problems: records.length - rows.length,
    statuses: countsOf(rows.map(({ status }) => status)),
    zones: countsOf(rows.map(({ zone }) => zone)),
  };
}

function countsOf(values: readonly (string | undefined)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
