import assert from 'node:assert/strict';
import { classifier } from '#src/cli/ui/catalog/content.js';
import { CatalogState } from '#src/cli/ui/catalog/state.js';
import { deletesOf, endpointKv, kvOf, listOf, putsOf } from './kvs.js';

const newState = () => new CatalogState(classifier(undefined));
const keys = (state: CatalogState) => state.rows().map(({ key }) => key);

describe('the state of a catalog', () => {
  describe('after the first list', () => {
    it('has a row for each endpoint, and no events', () => {
      const state = newState();
      const kvs = [endpointKv('a/x', 'h:1', { lease: 31n, mod: 3n, create: 2n }), endpointKv('b/y', 'h:2')];
      const change = state.apply(listOf(9n, kvs), 1_000);
      assert.deepEqual(change.events, []);
      assert.equal(state.size, 2);
      assert.equal(state.revision, 9n);
      assert.deepEqual(JSON.parse(JSON.stringify(state.rows()[0])), {
        ...{ key: 'a/x', service: 'a', id: 'x', addr: 'h:1', weight: 1, lease: '000000000000001f' },
        ...{ createRevision: '2', modRevision: '3', firstSeen: 1_000, preexisting: true },
      });
    });
  });

  describe('with a value that is not an endpoint', () => {
    it('has a row for it while its service has others', () => {
      const state = newState();
      state.apply(
        listOf(1n, [kvOf('a/config', 'text'), kvOf('b/config', 'text'), endpointKv('a/x', 'h:1')]),
        0,
      );
      assert.deepEqual(keys(state).sort(), ['a/config', 'a/x']);
      const { puts, events } = state.apply(putsOf(2n, endpointKv('b/x', 'h:2', { mod: 2n })), 5);
      assert.deepEqual([...puts.keys()].sort(), ['b/config', 'b/x']);
      assert.equal(puts.get('b/config')?.preexisting, true);
      assert.deepEqual(
        events.map(({ event }) => [event.key, event.type]),
        [['b/x', 'registered']],
      );
    });

    it('forgets one that is deleted before its service has an endpoint', () => {
      const state = newState();
      state.apply(listOf(1n, [kvOf('b/config', 'text')]), 0);
      const { removed } = state.apply(deletesOf(2n, 'b/config'), 0);
      assert.deepEqual([...removed], []);
      state.apply(putsOf(3n, endpointKv('b/x', 'h:2', { mod: 3n })), 0);
      assert.deepEqual(keys(state), ['b/x']);
    });

    it('hides it when its service has no endpoint left', () => {
      const state = newState();
      state.apply(listOf(1n, [kvOf('a/config', 'text'), endpointKv('a/x', 'h:1')]), 0);
      const { removed, departed } = state.apply(deletesOf(2n, 'a/x'), 0);
      assert.deepEqual([...removed].sort(), ['a/config', 'a/x']);
      assert.deepEqual(
        departed.map(({ stored }) => stored.row.key),
        ['a/x'],
      );
      assert.equal(state.size, 0);
      const { puts } = state.apply(putsOf(3n, endpointKv('a/x', 'h:1', { mod: 3n })), 9);
      assert.deepEqual([puts.get('a/config')?.firstSeen, puts.get('a/config')?.preexisting], [0, true]);
    });

    it('hides the last endpoint of a service when it becomes unreadable, and reports that, and when it leaves', () => {
      const state = newState();
      state.apply(listOf(1n, [endpointKv('a/x', 'h:1')]), 4);
      const write = (mod: bigint, value: string) =>
        state.apply(putsOf(mod, kvOf('a/x', value, { create: 1n, mod, version: mod })), 0);
      const bad = write(2n, '{"host":"db1"}');
      assert.deepEqual(
        [bad.events.map(({ event }) => event.type), [...bad.removed]],
        [['unreadable'], ['a/x']],
      );
      assert.deepEqual([write(3n, 'text').events, state.size], [[], 0]);
      const good = write(4n, '{"Addr":"h:2"}');
      assert.deepEqual(
        [good.events.map(({ event }) => event.type), good.departed, good.puts.get('a/x')?.firstSeen],
        [['registered'], [], 4],
      );
      write(5n, 'text');
      const gone = state.apply(deletesOf(6n, 'a/x'), 0);
      assert.deepEqual(
        gone.departed.map(({ stored }) => stored.row.key),
        ['a/x'],
      );
    });

    it('reports that a record became unreadable, and that it is registered again', () => {
      const state = newState();
      state.apply(listOf(1n, [endpointKv('a/x', 'h:1'), endpointKv('a/y', 'h:9')]), 0);
      const bad = state.apply(putsOf(2n, kvOf('a/x', 'text', { create: 1n, mod: 2n, version: 2n })), 0);
      assert.deepEqual(bad.departed, []);
      assert.deepEqual(bad.events, [
        {
          service: 'a',
          event: {
            ...{ type: 'unreadable', key: 'a/x', id: 'x', addr: 'h:1', revision: '2' },
            changes: [
              { path: 'addr', before: '"h:1"' },
              { path: 'problem', after: JSON.stringify(state.rows()[0]?.problem) },
            ],
          },
        },
      ]);
      assert.equal(state.rows()[0]?.addr, '');
      assert.notEqual(state.rows()[0]?.problem, undefined);
      const good = state.apply(putsOf(3n, endpointKv('a/x', 'h:2', { create: 1n, mod: 3n, version: 3n })), 0);
      assert.deepEqual(
        good.events.map(({ event }) => [event.type, event.addr]),
        [['registered', 'h:2']],
      );
    });
  });

  describe('when records change', () => {
    const eventsOf = (...metadata: unknown[]) => {
      const state = newState();
      state.apply(listOf(1n, [endpointKv('a/x', 'h:1', { metadata: metadata[0] })]), 0);
      return metadata.slice(1).flatMap((next, i) => {
        const mod = BigInt(i + 2);
        const kv = endpointKv('a/x', 'h:1', { create: 1n, mod, version: mod, metadata: next });
        return state.apply(putsOf(mod, kv), 7).events.map(({ event }) => event);
      });
    };

    it('reports changes with their parts', () => {
      assert.deepEqual(eventsOf({ zone: 'a' }, { zone: 'b' }), [
        {
          ...{ type: 'changed', key: 'a/x', id: 'x', addr: 'h:1', revision: '2' },
          changes: [{ path: 'metadata.zone', before: '"a"', after: '"b"' }],
        },
      ]);
    });

    it('reports that metadata changed which is too large to be kept', () => {
      const state = newState();
      const large = (note: string, lease: bigint, mod: bigint) =>
        endpointKv('a/x', 'h:1', { metadata: { note: note.repeat(60_000) }, lease, mod, create: 1n });
      const changesOf = (kv: ReturnType<typeof large>) =>
        state
          .apply(putsOf(kv.modRevision, kv), 0)
          .events.map(({ event }) => event.changes.map(({ path, after }) => `${path} ${after}`));
      state.apply(listOf(1n, [large('a', 1n, 1n)]), 0);
      const change = 'metadata too large to compare (60.0 kB)';
      assert.deepEqual(changesOf(large('b', 1n, 2n)), [[change]]);
      assert.deepEqual(changesOf(large('b', 1n, 3n)), []);
      assert.deepEqual(changesOf(large('b', 2n, 4n)), [['lease "0000000000000002"']]);
      assert.deepEqual(changesOf(large('c', 3n, 5n)), [['lease "0000000000000003"', change]]);
    });

    it('reports that they start and stop draining', () => {
      const types = eventsOf(
        {},
        { status: 'draining' },
        { status: 'draining', a: 1 },
        { status: 'up' },
        null,
      );
      assert.deepEqual(
        types.map(({ type }) => type),
        ['drained', 'changed', 'undrained', 'changed'],
      );
    });

    it('reports nothing when they are written again as they were', () => {
      assert.deepEqual(eventsOf({ zone: 'a' }, { zone: 'a' }), []);
    });

    it('keeps when they were first seen', () => {
      const state = newState();
      state.apply(listOf(1n, [endpointKv('a/x', 'h:1')]), 10);
      state.apply(putsOf(2n, endpointKv('a/x', 'h:2', { create: 1n, mod: 2n, version: 2n })), 20);
      assert.deepEqual([state.rows()[0]?.firstSeen, state.rows()[0]?.preexisting], [10, true]);
      state.apply(deletesOf(3n, 'a/x'), 30);
      state.apply(putsOf(4n, endpointKv('a/x', 'h:2', { mod: 4n })), 40);
      assert.deepEqual([state.rows()[0]?.firstSeen, state.rows()[0]?.preexisting], [40, false]);
    });

    it('reports an endpoint that moves to another key as a departure and a registration', () => {
      const state = newState();
      state.apply(listOf(1n, [endpointKv('a/x', 'h:1')]), 0);
      const change = state.apply(
        {
          type: 'delta',
          revision: 2n,
          deletes: new Set(['a/x']),
          puts: new Map([['a/y', endpointKv('a/y', 'h:1', { mod: 2n })]]),
        },
        0,
      );
      assert.deepEqual(
        change.departed.map(({ stored }) => stored.row.key),
        ['a/x'],
      );
      assert.deepEqual(
        change.events.map(({ event }) => [event.type, event.key]),
        [['registered', 'a/y']],
      );
    });
  });

  describe('after a later list', () => {
    it('reports the difference', () => {
      const state = newState();
      const kept = endpointKv('a/kept', 'h:1');
      state.apply(
        listOf(1n, [
          kept,
          endpointKv('a/gone', 'h:2'),
          endpointKv('a/again', 'h:3'),
          endpointKv('a/member', 'h:4'),
        ]),
        10,
      );
      const change = state.apply(
        listOf(
          9n,
          [
            kept,
            endpointKv('a/again', 'h:3', { mod: 8n }),
            endpointKv('a/new', 'h:5', { mod: 9n }),
            kvOf('a/member', 'text', { mod: 7n, create: 1n, version: 2n }),
          ],
          'compacted',
        ),
        20,
      );
      assert.deepEqual(
        change.departed.map(({ stored, invalid }) => [stored.row.key, invalid]),
        [
          ['a/gone', false],
          ['a/again', false],
        ],
      );
      assert.deepEqual(
        change.events.map(({ event }) => [event.type, event.key, event.revision]),
        [
          ['registered', 'a/again', '8'],
          ['registered', 'a/new', '9'],
          ['unreadable', 'a/member', '7'],
        ],
      );
      const seen = new Map(state.rows().map((row) => [row.key, [row.firstSeen, row.preexisting]]));
      assert.deepEqual(seen.get('a/kept'), [10, true]);
      assert.deepEqual(seen.get('a/again'), [20, true]);
      assert.deepEqual([...change.removed], ['a/gone']);
    });

    it('is continuous only if something is as it was', () => {
      const lists = (kvs: Parameters<typeof listOf>[1]) => {
        const state = newState();
        state.apply(listOf(1n, [endpointKv('a/x', 'h:1'), kvOf('lock/1f', '', { lease: 31n })]), 0);
        return state.apply(listOf(9n, kvs), 0).isContinuous;
      };
      assert.equal(lists([endpointKv('a/x', 'h:1')]), true);
      assert.equal(lists([kvOf('lock/1f', '', { lease: 31n })]), true);
      assert.equal(lists([endpointKv('a/x', 'h:1', { mod: 2n })]), false);
      assert.equal(lists([kvOf('unrelated', '')]), false);
      assert.equal(lists([]), false);
    });
  });

  it('counts the records whose keys are too long, and only those', () => {
    const state = newState();
    const long = (name: string) => `a/${name.repeat(5_000)}`;
    state.apply(listOf(1n, [endpointKv('a/x', 'h:1'), endpointKv(long('x'), 'h:2'), kvOf(long('y'), '')]), 0);
    assert.deepEqual([keys(state), state.omitted], [['a/x'], 1]);
    state.apply(putsOf(2n, endpointKv(long('y'), 'h:3', { create: 1n, mod: 2n, version: 2n })), 0);
    state.apply(putsOf(3n, endpointKv(long('x'), 'h:4', { create: 1n, mod: 3n, version: 2n })), 0);
    assert.equal(state.omitted, 2);
    state.apply(deletesOf(4n, long('x')), 0);
    assert.equal(state.omitted, 1);
    state.apply(listOf(5n, [endpointKv('a/x', 'h:1')], 'compacted'), 0);
    assert.equal(state.omitted, 0);
  });

  it('has names of object members as services and ids', () => {
    const state = newState();
    state.apply(
      listOf(1n, [endpointKv('__proto__/__proto__', 'h:1'), endpointKv('constructor/toString', 'h:2')]),
      0,
    );
    assert.deepEqual(keys(state), ['__proto__/__proto__', 'constructor/toString']);
    state.apply(deletesOf(2n, '__proto__/__proto__'), 0);
    assert.deepEqual(keys(state), ['constructor/toString']);
  });
});

describe('the queues of a catalog', () => {
  const member = (lease: bigint, create: bigint, value = '') =>
    kvOf(`jobs/${lease.toString(16)}`, value, { lease, mod: create });
  const leases = (state: CatalogState) => state.queues()[0]?.entries.map(({ lease }) => BigInt(`0x${lease}`));

  it('are in the order in which their members were created', () => {
    const state = newState();
    state.apply(listOf(20n, [member(1n, 10n), member(2n, 9n), member(3n, 11n)]), 100);
    assert.deepEqual(leases(state), [2n, 1n, 3n]);
    const { queues } = state.apply(putsOf(100n, member(4n, 100n)), 200);
    assert.deepEqual(queues, state.queues());
    assert.deepEqual(leases(state), [2n, 1n, 3n, 4n]);
  });

  it('have the time at which the first one was seen to hold them, and whether it held them before', () => {
    const state = newState();
    const held = () => {
      const [queue] = state.queues();
      return queue && `${queue.heldBefore ? 'before ' : ''}${queue.heldSince}`;
    };
    state.apply(listOf(20n, [member(1n, 10n), member(2n, 11n), member(3n, 12n)]), 100);
    assert.equal(held(), 'before 100');
    state.apply(deletesOf(21n, 'jobs/3'), 110);
    assert.equal(held(), 'before 100');
    state.apply(deletesOf(22n, 'jobs/1'), 120);
    assert.equal(held(), '120');
    state.apply(putsOf(23n, kvOf('jobs/2', 'v', { lease: 2n, create: 11n, mod: 23n, version: 2n })), 130);
    assert.equal(held(), '120');
    const { removedQueues, queues } = state.apply(deletesOf(24n, 'jobs/2'), 140);
    assert.deepEqual([removedQueues, queues, state.queues()], [['jobs'], [], []]);
    state.apply(putsOf(25n, member(2n, 25n)), 150);
    assert.equal(held(), '150');
    state.apply(listOf(40n, [member(5n, 30n)], 'compacted'), 200);
    assert.equal(held(), 'before 200', 'what a list shows happened at an unknown time');
  });

  it('are elections if a member has a value', () => {
    const state = newState();
    state.apply(listOf(20n, [member(1n, 10n)]), 100);
    assert.equal(state.queues()[0]?.kind, 'lock');
    state.apply(putsOf(21n, member(2n, 21n, 'host-2')), 100);
    assert.deepEqual([state.queues()[0]?.kind, state.queues()[0]?.entries[1]?.value], ['election', 'host-2']);
  });

  it('share a prefix with services', () => {
    const state = newState();
    state.apply(listOf(1n, [endpointKv('jobs/x', 'h:1'), member(1n, 1n)]), 0);
    assert.deepEqual([keys(state), leases(state)], [['jobs/x'], [1n]]);
  });

  it('lose a member whose key gets another lease, and endpoints the key that becomes a member', () => {
    const state = newState();
    state.apply(
      listOf(1n, [member(1n, 1n), endpointKv('a/x', 'h:1'), endpointKv('a/1f', 'h:2', { lease: 31n })]),
      0,
    );
    const back = state.apply(
      putsOf(2n, kvOf('jobs/1', 'v', { lease: 2n, create: 1n, mod: 2n, version: 2n })),
      0,
    );
    assert.deepEqual(back.removedQueues, ['jobs']);
    const away = state.apply(
      putsOf(3n, kvOf('a/1f', '', { lease: 31n, create: 1n, mod: 3n, version: 2n })),
      0,
    );
    assert.deepEqual(
      away.departed.map(({ stored, invalid }) => [stored.row.key, invalid]),
      [['a/1f', true]],
    );
    assert.deepEqual([...away.removed], ['a/1f']);
    assert.equal(away.queues[0]?.name, 'a');
  });
});
