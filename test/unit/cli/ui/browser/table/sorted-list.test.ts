import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ListSource, LiveList } from '#ui/browser/table/live-list.js';
import { sortSteps } from '#ui/browser/table/sort-steps.js';
import { type Ordering, SortedList } from '#ui/browser/table/sorted-list.js';

interface Item {
  readonly key: string;
  readonly value: number;
}

const keyOf = ({ key }: Item) => key;
function orderingBy(matches: (item: Item) => boolean, sign: 1 | -1): Ordering<Item> {
  return { matches, sortValue: ({ value }) => value, compare: (a, b) => sign * (Number(a) - Number(b)) };
}

const ordering = orderingBy(({ value }) => value % 3 !== 0, -1);

/** What the list must contain, computed from all items. */
function expected(items: Iterable<Item>, { matches, compare } = ordering): Item[] {
  const found = [...items].filter(matches);
  return found.sort((a, b) => compare(a.value, b.value) || (a.key < b.key ? -1 : 1));
}

const change = fc.record({
  key: fc.constantFrom(...'abcdefgh'),
  value: fc.option(fc.nat(9), { nil: undefined }),
});

describe('a sorted list', () => {
  it('has after each change what sorting all items gives', () => {
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const list = new SortedList<Item>(keyOf, ordering);
        const all = new Map<string, Item>();
        for (const { key, value } of changes) {
          if (value === undefined) all.delete(key);
          else all.set(key, { key, value });
          const item = all.get(key);
          if (item) list.set(item);
          else list.delete(key);
          assert.deepEqual(list.items, expected(all.values()));
        }
        for (const [index, item] of list.items.entries()) assert.equal(list.indexOf(item.key), index);
      }),
    );
  });

  it('does not find what it does not contain', () => {
    const list = new SortedList<Item>(keyOf, ordering);
    list.set({ key: 'a', value: 3 });
    assert.equal(list.indexOf('a'), -1);
    assert.equal(list.get('a'), undefined);
  });
});

/** A source with items that a test changes, and steps of the list that the test runs. */
class Fixture {
  readonly all = new Map<string, Item>();
  readonly steps: (() => void)[] = [];
  readonly source: ListSource<Item> = {
    keyOf,
    get: (key) => this.all.get(key),
    items: () => this.#slowItems(),
  };
  /** How long reading one item takes. */
  readMs = 0;

  /** A list that is complete, also on a busy machine. */
  list(): LiveList<Item> {
    const list = new LiveList(this.source, ordering, (step) => this.steps.push(step));
    this.runSteps();
    return list;
  }

  runSteps(): void {
    for (let step = this.steps.shift(); step; step = this.steps.shift()) step();
  }

  *#slowItems(): Generator<Item> {
    for (const item of this.all.values()) {
      for (const end = performance.now() + this.readMs; performance.now() < end; );
      yield item;
    }
  }
}

describe('sorting in steps', () => {
  it('gives what sorting at once gives, and keeps the order of equal items', () => {
    const items = fc
      .array(fc.nat(20), { maxLength: 300 })
      .map((all) => all.map((value, n) => ({ value, n })));
    fc.assert(
      fc.property(items, (all) => {
        const byValue = (a: { value: number }, b: { value: number }) => a.value - b.value;
        const steps = sortSteps(all, byValue);
        let step = steps.next();
        while (!step.done) step = steps.next();
        assert.deepEqual(step.value, all.toSorted(byValue));
      }),
    );
  });

  it('compares a few items in each step', () => {
    let compared = 0;
    const all = Array.from({ length: 5_000 }, (_, i) => ({ value: (i * 7_919) % 5_000 }));
    const steps = sortSteps(all, (a, b) => {
      compared += 1;
      return a.value - b.value;
    });
    for (let step = steps.next(); !step.done; step = steps.next()) {
      assert.ok(compared < 200, `${compared} comparisons`);
      compared = 0;
    }
  });
});

describe('a live list', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = new Fixture();
    for (let i = 0; i < 1_000; i++) fixture.all.set(`k${i}`, { key: `k${i}`, value: i % 100 });
  });

  it('has all items that match', () => {
    assert.deepEqual(fixture.list().items, expected(fixture.all.values()));
  });

  it('is not complete before all were read', () => {
    fixture.readMs = 0.2;
    const list = new LiveList(fixture.source, ordering, (step) => fixture.steps.push(step));
    assert.equal(list.isComplete, false);
    fixture.runSteps();
    assert.equal(list.isComplete, true);
  });

  it('applies changes and counts versions', () => {
    const list = fixture.list();
    const version = list.version.value;
    fixture.all.set('k1', { key: 'k1', value: 50 });
    fixture.all.delete('k2');
    list.update(new Set(['k1', 'k2']));
    assert.deepEqual(list.items, expected(fixture.all.values()));
    assert.deepEqual([...list.changed], ['k1', 'k2']);
    assert.equal(list.version.value, version + 1);
  });

  it('keeps the items before while those of a new order are read, and applies changes to both', () => {
    const list = fixture.list();
    fixture.readMs = 0.2;
    const byValue = orderingBy(() => true, 1);
    list.setOrdering(byValue);
    assert.ok(fixture.steps.length > 0, 'reading takes more than one step');
    // Before and after the place where the reading is, removed, and new.
    fixture.all.set('k1', { key: 'k1', value: 70 });
    fixture.all.set('k999', { key: 'k999', value: 71 });
    fixture.all.delete('k3');
    fixture.all.set('new', { key: 'new', value: 72 });
    list.update(new Set(['k1', 'k999', 'k3', 'new']));
    assert.deepEqual(list.items, expected(fixture.all.values()));
    fixture.runSteps();
    assert.deepEqual(list.items, expected(fixture.all.values(), byValue));
  });

  it('abandons an order that is replaced before it was read', () => {
    const list = fixture.list();
    fixture.readMs = 0.2;
    list.setOrdering(orderingBy(() => false, 1));
    list.setOrdering(orderingBy(() => true, 1));
    fixture.runSteps();
    assert.equal(list.items.length, 1_000);
    assert.equal(list.generation, 2);
  });
});
