import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Timeline } from '#src/cli/ui/catalog/timeline.js';
import type { TimelineEvent } from '#src/cli/ui/protocol/index.js';

const away: TimelineEvent = { type: 'etcd-away' };
const left = (id: string, addr = 'h:1'): TimelineEvent => ({
  ...{ type: 'left', key: `a/${id}`, id, addr, revision: '1' },
});
const numbers = (timeline: Timeline, request: Parameters<Timeline['read']>[0] = {}) =>
  timeline.read(request).entries.map(({ n }) => n);

describe('the timeline of a catalog', () => {
  const unlimited = {
    perService: 1_000,
    total: 50_000,
    textLength: 1e9,
    search: { entries: 1e9, textLength: 1e9 },
  };

  it('returns the newest entries first, those of a service with those that concern all', () => {
    const timeline = new Timeline();
    for (const service of ['a', undefined, 'b', 'a']) timeline.add(0, service, away);
    assert.deepEqual(numbers(timeline), [4, 3, 2, 1]);
    assert.deepEqual(numbers(timeline, { service: 'a' }), [4, 2, 1]);
    assert.deepEqual(numbers(timeline, { service: '__proto__' }), [2]);
  });

  it('returns pages', () => {
    const timeline = new Timeline();
    for (let i = 0; i < 1_100; i++) timeline.add(0, i % 2 ? 'a' : 'b', away);
    const first = timeline.read({ service: 'a', limit: 3 });
    assert.deepEqual(
      [first.entries.map(({ n }) => n), first.next !== undefined],
      [[1_100, 1_098, 1_096], true],
    );
    assert.deepEqual(numbers(timeline, { service: 'a', limit: 2, before: 1_096 }), [1_094, 1_092]);
    assert.equal(timeline.read({ limit: 10_000 }).entries.length, 500);
    assert.equal(timeline.read({}).entries.length, 100);
    const last = timeline.read({ service: 'a', before: 4 });
    assert.deepEqual([last.entries.map(({ n }) => n), last.next], [[2], undefined]);
  });

  it('returns the entries that pass a filter, from the whole history', () => {
    const timeline = new Timeline();
    for (let i = 0; i < 900; i++) timeline.add(0, 'a', i % 300 === 7 ? left(`x${i}`, 'H:7') : away);
    const ids = (filter: Parameters<Timeline['read']>[0]) =>
      timeline.read(filter).entries.map(({ what }) => ('id' in what ? what.id : what.type));
    assert.deepEqual(ids({ types: ['left'] }), ['x607', 'x307', 'x7']);
    assert.deepEqual(ids({ service: 'a', text: 'h:7 X3' }), ['x307']);
    assert.deepEqual(ids({ key: 'a/x7' }), ['x7']);
    assert.deepEqual(ids({ types: ['left', 'etcd'], limit: 1 }), ['etcd-away']);
    assert.deepEqual(ids({ text: 'nothing' }), []);
  });

  it('ends a long search early, and says where it continues', () => {
    const search = { entries: 10, textLength: 100 };
    const timeline = new Timeline({ ...unlimited, search });
    timeline.add(0, 'a', left('x'));
    for (let i = 0; i < 14; i++) timeline.add(0, 'a', away);
    const first = timeline.read({ types: ['left'] });
    assert.deepEqual([first.entries, first.next], [[], 6]);
    const last = timeline.read({ types: ['left'], before: 6 });
    assert.deepEqual([last.entries.map(({ n }) => n), last.next], [[1], undefined]);
    for (let i = 0; i < 5; i++) timeline.add(0, 'a', left('x', 'y'.repeat(60)));
    assert.equal(timeline.read({ text: 'nothing' }).next, 19);
  });

  it('replaces what an entry says at its place', () => {
    const timeline = new Timeline();
    const { n } = timeline.add(5, 'a', left('x'));
    timeline.add(6, 'a', away);
    const what: TimelineEvent = { ...left('x'), type: 'left', reason: 'deleted' } as TimelineEvent;
    assert.deepEqual(timeline.replace(n, what), { n, at: 5, service: 'a', what });
    assert.deepEqual(timeline.read({}).entries[1]?.what, what);
  });

  it('drops the oldest entries of a service that has many', () => {
    const timeline = new Timeline({ ...unlimited, perService: 3 });
    const { n } = timeline.add(0, 'b', away);
    for (let i = 0; i < 10; i++) timeline.add(0, 'a', away);
    assert.deepEqual(numbers(timeline), [11, 10, 9, n]);
    assert.equal(timeline.read({}).dropped, 7);
    assert.equal(timeline.replace(2, away), undefined);
  });

  it('drops the oldest entries of all services', () => {
    const timeline = new Timeline({ ...unlimited, total: 5, perService: 3 });
    for (let i = 0; i < 1_000; i++) timeline.add(0, ['a', 'b', undefined][i % 3], away);
    assert.deepEqual(numbers(timeline), [1_000, 999, 998, 997, 996]);
    assert.deepEqual(numbers(timeline, { service: 'a' }), [1_000, 999, 997, 996]);
    assert.equal(timeline.read({}).dropped, 995);
  });

  it('counts the entries that were dropped for the services that may have lost some', () => {
    const timeline = new Timeline({ ...unlimited, perService: 3 });
    timeline.add(0, 'b', away);
    for (let i = 0; i < 10; i++) timeline.add(0, 'a', away);
    assert.equal(timeline.read({ service: 'a' }).dropped, 7);
    assert.equal(timeline.read({ service: 'b' }).dropped, 0);
    for (let i = 0; i < 5; i++) timeline.add(0, undefined, away);
    assert.equal(timeline.read({ service: 'b' }).dropped, 2);
    assert.equal(timeline.read({}).dropped, 9);
  });

  it('drops the oldest entries when their texts are long, but not the last one', () => {
    const timeline = new Timeline({ ...unlimited, textLength: 1_000 });
    for (let i = 0; i < 10; i++) timeline.add(0, 'a', left('x', 'y'.repeat(300)));
    assert.deepEqual(numbers(timeline), [10, 9, 8]);
    timeline.add(0, 'a', left('x', 'y'.repeat(5_000)));
    assert.deepEqual(numbers(timeline), [11]);
    timeline.replace(11, left('x'));
    timeline.add(0, 'a', left('x'));
    assert.deepEqual(numbers(timeline), [12, 11]);
  });

  it('keeps nothing of the entries that it drops', async () => {
    const module = import.meta.resolve('#src/cli/ui/catalog/timeline.js');
    const program = `
      import { Timeline } from '${module}';
      const timeline = new Timeline({ perService: 10, total: 1_000, textLength: 1e9, search: {} });
      const entries = [];
      for (let i = 0; i < 50_000; i++) entries.push(new WeakRef(timeline.add(0, 'a', { type: 'etcd-away' })));
      await new Promise((resolve) => setImmediate(resolve));
      gc();
      console.log(entries.filter((entry) => entry.deref()).length, timeline.read({}).dropped);`;
    const args = ['--expose-gc', '--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
    const [inMemory, dropped] = stdout.trim().split(' ').map(Number);
    assert.equal(dropped, 49_990);
    assert.ok(Number(inMemory) < 2_000, `${inMemory} of 50000 entries are in memory`);
  });
});
