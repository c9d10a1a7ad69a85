import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Change } from '#src/cli/ui/catalog/change.js';
import { classifier } from '#src/cli/ui/catalog/content.js';
import { CatalogState } from '#src/cli/ui/catalog/state.js';
import type { EndpointRow, Queue } from '#src/cli/ui/protocol/index.js';
import type { KeyValue, MirrorUpdate } from '#src/index.js';
import { endpointValue, kvOf } from './kvs.js';

const keys = [
  'a/x',
  'a/y',
  'a/b/x',
  'b/x',
  'plain',
  'a/1',
  'q/1',
  'q/2',
  '__proto__/x',
  'a/',
  `a/${'x'.repeat(5_000)}`,
] as const;
const values = [
  '',
  'text',
  endpointValue(''),
  endpointValue('h:1'),
  endpointValue('h:2', { status: 'draining' }),
] as const;

type Write =
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly lease: bigint }
  | { readonly type: 'delete'; readonly key: string };
type Action = { readonly writes: readonly Write[]; readonly list: boolean };

const key = fc.constantFrom(...keys);
const put = fc.record({
  type: fc.constant('put' as const),
  key,
  value: fc.constantFrom(...values),
  lease: fc.constantFrom(0n, 1n, 2n),
});
const write: fc.Arbitrary<Write> = fc.oneof(put, fc.record({ type: fc.constant('delete' as const), key }));
const action: fc.Arbitrary<Action> = fc.record({
  // etcd permits one write of a key in a transaction.
  writes: fc.uniqueArray(write, { minLength: 1, maxLength: 4, selector: (one) => one.key }),
  list: fc.boolean(),
});

/** The keys of a store, as etcd numbers them. */
class ModelStore {
  revision = 1n;
  readonly kvs = new Map<string, KeyValue>();

  write({ writes, list }: Action): MirrorUpdate {
    this.revision++;
    const puts = new Map<string, KeyValue>();
    const deletes = new Set<string>();
    for (const one of writes) {
      if (one.type === 'put') puts.set(one.key, this.#put(one));
      else if (this.kvs.delete(one.key)) deletes.add(one.key);
    }
    if (list) return this.list('compacted');
    return { type: 'delta', revision: this.revision, puts, deletes };
  }

  list(reason: 'initial' | 'compacted'): MirrorUpdate {
    return { type: 'snapshot', reason, revision: this.revision, kvs: new Map(this.kvs) };
  }

  #put({ key, value, lease }: Extract<Write, { type: 'put' }>): KeyValue {
    const known = this.kvs.get(key);
    const version = (known?.version ?? 0n) + 1n;
    const kv = kvOf(key, value, {
      lease,
      mod: this.revision,
      create: known?.createRevision ?? this.revision,
      version,
    });
    this.kvs.set(key, kv);
    return kv;
  }
}

/** What a page has after it applied all changes. */
class ModelPage {
  readonly rows = new Map<string, EndpointRow>();
  readonly queues = new Map<string, Queue>();

  apply({ puts, removed, queues, removedQueues }: Change): void {
    for (const [key, row] of puts) this.rows.set(key, row);
    for (const key of removed) this.rows.delete(key);
    for (const queue of queues) this.queues.set(queue.name, queue);
    for (const name of removedQueues) this.queues.delete(name);
  }
}

const byName = <T>(items: Iterable<T>, nameOf: (item: T) => string) =>
  [...items].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

function checkRows(state: CatalogState, store: ModelStore): void {
  const rows = new Map(state.rows().map((row) => [row.key, row]));
  assert.equal(rows.size, state.size);
  const classify = classifier(undefined);
  const contents = [...store.kvs.values()].map((kv) => classify(kv).content);
  const services = new Set(
    contents.flatMap((content) => (content.kind === 'endpoint' ? content.service : [])),
  );
  assert.equal(state.omitted, contents.filter(({ kind }) => kind === 'omitted').length);
  for (const [key, kv] of store.kvs) {
    const { content } = classify(kv);
    const row = rows.get(key);
    if (content.kind === 'endpoint') assert.equal(row?.addr, content.addr);
    else if (content.kind === 'unreadable')
      assert.equal(row?.problem, services.has(content.service) ? content.problem : undefined);
    else assert.equal(row, undefined);
    if (row)
      assert.deepEqual(
        [row.createRevision, row.modRevision],
        [String(kv.createRevision), String(kv.modRevision)],
      );
  }
  for (const key of rows.keys()) assert.ok(store.kvs.has(key), `${key} has a row, and is not in the store`);
}

function checkQueues(state: CatalogState, store: ModelStore): void {
  const members = [...store.kvs.values()].filter((kv) => classifier(undefined)(kv).content.kind === 'member');
  const ofQueues = state.queues().flatMap(({ entries }) => entries.map((entry) => entry.key));
  assert.deepEqual(ofQueues.sort(), members.map((kv) => kv.key.toString()).sort());
  for (const { entries } of state.queues()) {
    assert.ok(entries.length > 0);
    const created = entries.map(({ createRevision }) => Number(createRevision));
    assert.deepEqual(
      created,
      [...created].sort((a, b) => a - b),
    );
  }
}

describe('the state of a catalog, after any writes and lists', () => {
  it('has the rows and queues of the store, as has a page that received the changes', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
        const [store, page] = [new ModelStore(), new ModelPage()];
        const state = new CatalogState(classifier(undefined));
        page.apply(state.apply(store.list('initial'), 0));
        for (const [i, next] of actions.entries()) {
          page.apply(state.apply(store.write(next), i + 1));
          checkRows(state, store);
          checkQueues(state, store);
          assert.deepEqual(
            byName(page.rows.values(), (row) => row.key),
            byName(state.rows(), (row) => row.key),
          );
          assert.deepEqual(
            byName(page.queues.values(), (queue) => queue.name),
            byName(state.queues(), (queue) => queue.name),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has an event or a departure for each change of an endpoint', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
        const store = new ModelStore();
        const state = new CatalogState(classifier(undefined));
        state.apply(store.list('initial'), 0);
        const addrs = new Map<string, string>();
        for (const next of actions) {
          const { departed, events } = state.apply(store.write(next), 0);
          for (const { stored } of departed) addrs.delete(stored.row.key);
          for (const { event } of events) {
            if (event.type === 'unreadable') addrs.delete(event.key);
            else addrs.set(event.key, event.addr);
          }
          const endpoints = state.rows().filter(({ problem }) => problem === undefined);
          assert.deepEqual([...addrs].sort(), endpoints.map(({ key, addr }) => [key, addr]).sort());
        }
      }),
      { numRuns: 500 },
    );
  });
});
