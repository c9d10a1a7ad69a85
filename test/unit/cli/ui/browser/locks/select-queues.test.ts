import assert from 'node:assert/strict';
import { selectQueues } from '#ui/browser/locks/select-queues.js';
import type { Queue } from '#ui/protocol/index.js';

function queue(name: string, value = '', lease = '6f'): [string, Queue] {
  const holder = {
    key: `${name}/${lease}`,
    lease,
    value,
    createRevision: '1',
    firstSeen: 0,
    preexisting: true,
  };
  return [
    name,
    { name, kind: value === '' ? 'lock' : 'election', entries: [holder], heldSince: 0, heldBefore: true },
  ];
}

const queues = new Map([queue('jobs/b'), queue('leader', 'Node-4'), queue('jobs/a', '', '7c')]);

function namesOf(text: string): string[] {
  return selectQueues(queues, text).shown.map(({ name }) => name);
}

describe('the locks and elections that are shown', () => {
  it('are sorted by name', () => {
    assert.deepEqual(namesOf(''), ['jobs/a', 'jobs/b', 'leader']);
  });

  it('have all words of the filter in the name, the kind, or the holder', () => {
    assert.deepEqual(namesOf('JOBS 7c'), ['jobs/a']);
    assert.deepEqual(namesOf('node'), ['leader']);
    assert.deepEqual(namesOf('election'), ['leader']);
    assert.deepEqual(namesOf('node jobs'), []);
  });

  it('are at most 200, with the number of all', () => {
    const many = new Map(Array.from({ length: 300 }, (_, i) => queue(`job-${i}`)));
    const { shown, matching } = selectQueues(many, 'job');
    assert.deepEqual([shown.length, matching], [200, 300]);
  });
});
