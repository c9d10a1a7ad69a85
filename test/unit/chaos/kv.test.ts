import assert from 'node:assert/strict';
import { check } from '../../chaos/check/index.js';
import type { Outcome } from '../../chaos/history.js';
import { ambiguous, failed, HistoryBuilder, putStep } from './history-builder.js';
import { assertNoViolation, assertViolation } from './support.js';

const txn = { type: 'txn', compare: [], success: [], failure: [] } as const;
const absent = { key: 'k', target: 'version', result: '=', value: 0n } as const;
const present = { key: 'k', target: 'version', result: '>', value: 0n } as const;
const put = { type: 'put' } as const;

describe('a correct history of calls', () => {
  it('has no violation', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.put('k', 'b');
    builder.get('k');
    builder.answeredGet(
      'k',
      [{ ...builder.state('k')!, value: 'a', modRevision: 2n, version: 1n }],
      2n,
      true,
    );
    builder.delete('k');
    builder.delete('k');
    builder.lostPut('k', 'never');
    builder.lostPut('k', 'refused', failed);
    builder.lostPut('k', 'late');
    builder.put('k', 'c');
    builder.apply({ put: 'k', value: 'late' });
    builder.op({ type: 'delete', key: 'k' }, ambiguous);
    builder.apply({ delete: 'k' });
    const success = [{ type: 'get', key: 'p' } as const, putStep('p', 'x'), putStep('q', 'y')];
    const revision = builder.apply({ put: 'p', value: 'x' }, { put: 'q', value: 'y' });
    builder.op(
      { ...txn, compare: [{ ...absent, key: 'p' }], success },
      { type: 'txn', revision, succeeded: true, steps: [{ type: 'read', kvs: [] }, put, put] },
    );
    builder.op({ ...txn, compare: [present], success: [putStep('p', 'z')] }, ambiguous);
    builder.op(
      { type: 'range', prefix: '', serializable: false },
      {
        type: 'read',
        revision,
        kvs: [builder.state('p')!, builder.state('q')!],
      },
    );
    assertNoViolation(builder.end());
  });

  it('may contain an unanswered transaction that changed the keys of its own compares', () => {
    const builder = new HistoryBuilder();
    builder.op({ ...txn, compare: [absent], success: [putStep('k', 'a')] }, ambiguous);
    builder.apply({ put: 'k', value: 'a' });
    assertNoViolation(builder.end());
  });

  it('may contain overlapping calls that are applied in another order', () => {
    const builder = new HistoryBuilder();
    const second = builder.apply({ put: 'k', value: 'a' });
    const third = builder.apply({ put: 'k', value: 'b' });
    builder.acknowledgedPut('k', 'b', third, { from: 10, to: 20 });
    builder.acknowledgedPut('k', 'a', second, { from: 5, to: 30 });
    builder.answeredGet('k', [], 1n, false, { from: 15, to: 25 });
    assertNoViolation(builder.end());
  });
});

describe('K4: a linearizable read equals the truth at its revision', () => {
  it('is violated by an old value', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    const old = builder.state('k')!;
    builder.put('k', 'b');
    builder.answeredGet('k', [old], 3n);
    assertViolation(builder.end(), 'K4');
  });

  it('is violated by a key that is missing from a range', () => {
    const builder = new HistoryBuilder();
    builder.put('r/0', 'a');
    builder.put('r/1', 'b');
    const kvs = [builder.state('r/1')!];
    builder.op({ type: 'range', prefix: 'r/', serializable: false }, { type: 'read', revision: 3n, kvs });
    assertViolation(builder.end(), 'K4');
  });

  it('is violated by the right value with a wrong version', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.answeredGet('k', [{ ...builder.state('k')!, version: 2n }], 2n);
    assertViolation(builder.end(), 'K4');
  });

  it('is violated by a wrong read inside a transaction', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    const success = [{ type: 'get', key: 'k' } as const];
    const steps = [{ type: 'read', kvs: [] } as const];
    builder.op({ ...txn, success }, { type: 'txn', revision: 2n, succeeded: true, steps });
    assertViolation(builder.end(), 'K4');
  });

  it('is violated by a delete that reports no key although the key existed', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.op({ type: 'delete', key: 'k' }, { type: 'delete', revision: 2n, deleted: 0n });
    assertViolation(builder.end(), 'K4');
  });
});

describe('K5: the order of revisions agrees with real time', () => {
  it('is violated by a read at a lower revision than an earlier one', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    const old = builder.state('k')!;
    builder.put('k', 'b');
    builder.answeredGet('k', [old], 2n);
    assertViolation(builder.end(), 'K5');
  });

  it('is violated by two consecutive writes in one revision', () => {
    const builder = new HistoryBuilder();
    const revision = builder.apply({ put: 'p', value: 'a' }, { put: 'q', value: 'b' });
    builder.acknowledgedPut('p', 'a', revision);
    builder.acknowledgedPut('q', 'b', revision);
    assertViolation(builder.end(), 'K5');
  });

  it('is violated by a write at a lower revision than a write that had returned', () => {
    const builder = new HistoryBuilder();
    const first = builder.apply({ put: 'k', value: 'a' });
    const second = builder.apply({ put: 'k', value: 'b' });
    builder.acknowledgedPut('k', 'b', second);
    builder.acknowledgedPut('k', 'a', first);
    assertViolation(builder.end(), 'K5');
  });

  it('is violated by an ambiguous write that was applied before it was called', () => {
    const builder = new HistoryBuilder();
    builder.apply({ put: 'k', value: 'a' });
    const second = builder.apply({ put: 'k', value: 'b' });
    builder.acknowledgedPut('k', 'b', second);
    builder.lostPut('k', 'a');
    assertViolation(builder.end(), 'K5');
  });

  it('is violated by a linearizable read that is older than an earlier serializable one', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a', { from: 5, to: 50 });
    builder.answeredGet('k', [builder.state('k')!], 2n, true, { from: 10, to: 15 });
    builder.answeredGet('k', [], 1n, false, { from: 20, to: 25 });
    assertViolation(builder.end(), 'K5');
  });
});

describe('K6: a transaction applies the right branch completely, and nothing else', () => {
  it('is violated by the wrong branch', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    const revision = builder.apply({ put: 'k', value: 'b' });
    const op = { ...txn, compare: [absent], success: [putStep('k', 'b')] };
    builder.op(op, { type: 'txn', revision, succeeded: true, steps: [put] });
    assertViolation(builder.end(), 'K6');
  });

  it('is violated by the wrong branch of a transaction without an answer', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.op({ ...txn, compare: [absent], success: [putStep('k', 'b')] }, ambiguous);
    builder.apply({ put: 'k', value: 'b' });
    assertViolation(builder.end(), 'K6');
  });

  it('is violated by half of a branch', () => {
    const builder = new HistoryBuilder();
    const revision = builder.apply({ put: 'p', value: 'x' });
    const op = { ...txn, success: [putStep('p', 'x'), putStep('q', 'y')] };
    builder.op(op, { type: 'txn', revision, succeeded: true, steps: [put, put] });
    assertViolation(builder.end(), 'K6');
  });

  it('is violated by a branch in two revisions', () => {
    const builder = new HistoryBuilder();
    builder.op({ ...txn, success: [putStep('p', 'x'), putStep('q', 'y')] }, ambiguous);
    builder.apply({ put: 'p', value: 'x' });
    builder.apply({ put: 'q', value: 'y' });
    assertViolation(builder.end(), 'K6');
  });

  it('is violated by both branches', () => {
    const builder = new HistoryBuilder();
    builder.op(
      { ...txn, compare: [absent], success: [putStep('k', 'a')], failure: [putStep('k', 'b')] },
      ambiguous,
    );
    builder.apply({ put: 'k', value: 'a' });
    builder.apply({ put: 'k', value: 'b' });
    assertViolation(builder.end(), 'K6');
  });
});

describe('K7: a serializable read equals the truth at its revision, which may be old', () => {
  const revisions = ['a', 'b', 'c'];

  for (const [i, value] of revisions.entries()) {
    it(`is violated by another value at revision ${i + 2}`, () => {
      const builder = new HistoryBuilder();
      for (const each of revisions) builder.put('k', each);
      const revision = BigInt(i + 2);
      const kv = {
        ...builder.state('k')!,
        value: `not ${value}`,
        modRevision: revision,
        version: BigInt(i + 1),
      };
      builder.answeredGet('k', [kv], revision, true);
      assertViolation(builder.end(), 'K7');
    });
  }

  it('is violated by a range without one of its keys', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.op({ type: 'range', prefix: '', serializable: true }, { type: 'read', revision: 2n, kvs: [] });
    assertViolation(builder.end(), 'K7');
  });
});

describe('T: the truth', () => {
  it('is invalid if members report different events for a revision', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.facts.push({ kind: 'conflict', revision: 2n, members: ['m0', 'm1'], versions: [[], []] });
    assertViolation(builder.end(), 'T');
  });

  it('is invalid if a revision is missing', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.revision++;
    builder.put('k', 'b');
    assertViolation(builder.end(), 'T');
  });

  it('is invalid if the members’ final stores differ from each other or from the truth', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    const hashes = ['m0', 'm1'].map((member) => ({ member, revision: 2n, hash: `of ${member}` }));
    assertViolation([...builder.end({ hashes })], 'T');
    const other = new HistoryBuilder();
    other.put('k', 'a');
    assertViolation(other.end({ kvs: [] }), 'T');
  });

  it('is reduced to the contradictory facts in a violation', () => {
    const builder = new HistoryBuilder();
    for (let i = 0; i < 50; i++) builder.put('k', `v${i}`);
    builder.answeredGet('k', [{ ...builder.state('k')!, value: 'v7' }], 51n);
    for (let i = 50; i < 99; i++) builder.put('k', `v${i}`);
    const [violation, ...others] = check(builder.end());
    assert.deepEqual(others, []);
    assert.deepEqual(
      violation?.slice.map(({ kind }) => kind),
      ['op', 'truth'],
    );
  });
});

describe('K9: a read is refused only if its user may not read its own key', () => {
  const get = (key: string) => ({ type: 'get', key, serializable: false }) as const;
  const refused: Outcome = {
    type: 'fail',
    error: { name: 'PermissionError', code: 7, text: 'etcdserver: permission denied' },
  };

  it('holds for refusals of forbidden keys, and for failures of them', () => {
    const builder = new HistoryBuilder();
    builder.op(get('x/1'), refused);
    builder.op(get('x/1'), failed);
    builder.op({ type: 'range', prefix: '', serializable: false }, refused);
    builder.get('r/0');
    assertNoViolation(builder.end());
  });

  it('is violated by a read that is refused because of another key', () => {
    const builder = new HistoryBuilder();
    builder.op(get('r/0'), refused);
    assertViolation(builder.end(), 'K9');
  });

  it('is violated by a forbidden read that succeeds', () => {
    const builder = new HistoryBuilder();
    builder.get('x/1');
    assertViolation(builder.end(), 'K9');
  });
});
