import assert from 'node:assert/strict';
import { check } from '../../chaos/check/index.js';
import { ambiguous, failed, putStep, Scene } from './scene.js';
import { assertFlags, assertGood } from './support.js';

const txn = { type: 'txn', compare: [], success: [], failure: [] } as const;
const absent = { key: 'k', target: 'version', result: '=', value: 0n } as const;
const present = { key: 'k', target: 'version', result: '>', value: 0n } as const;
const put = { type: 'put' } as const;

describe('a history of calls in which all is well', () => {
  it('has no violation', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.put('k', 'b');
    scene.get('k');
    scene.toldGet('k', [{ ...scene.state('k')!, value: 'a', modRevision: 2n, version: 1n }], 2n, true);
    scene.delete('k');
    scene.delete('k');
    scene.lostPut('k', 'never');
    scene.lostPut('k', 'refused', failed);
    scene.lostPut('k', 'late');
    scene.put('k', 'c');
    scene.apply({ put: 'k', value: 'late' });
    scene.op({ type: 'delete', key: 'k' }, ambiguous);
    scene.apply({ delete: 'k' });
    const success = [{ type: 'get', key: 'p' } as const, putStep('p', 'x'), putStep('q', 'y')];
    const revision = scene.apply({ put: 'p', value: 'x' }, { put: 'q', value: 'y' });
    scene.op(
      { ...txn, compare: [{ ...absent, key: 'p' }], success },
      { type: 'txn', revision, succeeded: true, steps: [{ type: 'read', kvs: [] }, put, put] },
    );
    scene.op({ ...txn, compare: [present], success: [putStep('p', 'z')] }, ambiguous);
    scene.op(
      { type: 'range', prefix: '', serializable: false },
      {
        type: 'read',
        revision,
        kvs: [scene.state('p')!, scene.state('q')!],
      },
    );
    assertGood(scene.end());
  });

  it('is also one whose unanswered transaction changed what it asked for', () => {
    const scene = new Scene();
    scene.op({ ...txn, compare: [absent], success: [putStep('k', 'a')] }, ambiguous);
    scene.apply({ put: 'k', value: 'a' });
    assertGood(scene.end());
  });

  it('is also one whose calls overlap and come out in another order', () => {
    const scene = new Scene();
    const second = scene.apply({ put: 'k', value: 'a' });
    const third = scene.apply({ put: 'k', value: 'b' });
    scene.toldPut('k', 'b', third, { from: 10, to: 20 });
    scene.toldPut('k', 'a', second, { from: 5, to: 30 });
    scene.toldGet('k', [], 1n, false, { from: 15, to: 25 });
    assertGood(scene.end());
  });
});

describe('K4, a linearizable read is the truth at its revision', () => {
  it('is broken by an old value', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    const old = scene.state('k')!;
    scene.put('k', 'b');
    scene.toldGet('k', [old], 3n);
    assertFlags(scene.end(), 'K4');
  });

  it('is broken by a key that is missing from a range', () => {
    const scene = new Scene();
    scene.put('r/0', 'a');
    scene.put('r/1', 'b');
    const kvs = [scene.state('r/1')!];
    scene.op({ type: 'range', prefix: 'r/', serializable: false }, { type: 'read', revision: 3n, kvs });
    assertFlags(scene.end(), 'K4');
  });

  it('is broken by a wrong version of the right value', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.toldGet('k', [{ ...scene.state('k')!, version: 2n }], 2n);
    assertFlags(scene.end(), 'K4');
  });

  it('is broken by a read inside a transaction', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    const success = [{ type: 'get', key: 'k' } as const];
    const steps = [{ type: 'read', kvs: [] } as const];
    scene.op({ ...txn, success }, { type: 'txn', revision: 2n, succeeded: true, steps });
    assertFlags(scene.end(), 'K4');
  });

  it('is broken by a delete that saw no key where there was one', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.op({ type: 'delete', key: 'k' }, { type: 'delete', revision: 2n, deleted: 0n });
    assertFlags(scene.end(), 'K4');
  });
});

describe('K5, what came later in time comes later in the store', () => {
  it('is broken by a read that goes back', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    const old = scene.state('k')!;
    scene.put('k', 'b');
    scene.toldGet('k', [old], 2n);
    assertFlags(scene.end(), 'K5');
  });

  it('is broken by two writes in one revision, one after the other', () => {
    const scene = new Scene();
    const revision = scene.apply({ put: 'p', value: 'a' }, { put: 'q', value: 'b' });
    scene.toldPut('p', 'a', revision);
    scene.toldPut('q', 'b', revision);
    assertFlags(scene.end(), 'K5');
  });

  it('is broken by a write before one that had returned', () => {
    const scene = new Scene();
    const first = scene.apply({ put: 'k', value: 'a' });
    const second = scene.apply({ put: 'k', value: 'b' });
    scene.toldPut('k', 'b', second);
    scene.toldPut('k', 'a', first);
    assertFlags(scene.end(), 'K5');
  });

  it('is broken by an ambiguous write that was applied before it was called', () => {
    const scene = new Scene();
    scene.apply({ put: 'k', value: 'a' });
    const second = scene.apply({ put: 'k', value: 'b' });
    scene.toldPut('k', 'b', second);
    scene.lostPut('k', 'a');
    assertFlags(scene.end(), 'K5');
  });

  it('is broken by a read that does not see what a serializable one had seen', () => {
    const scene = new Scene();
    scene.put('k', 'a', { from: 5, to: 50 });
    scene.toldGet('k', [scene.state('k')!], 2n, true, { from: 10, to: 15 });
    scene.toldGet('k', [], 1n, false, { from: 20, to: 25 });
    assertFlags(scene.end(), 'K5');
  });
});

describe('K6, a transaction takes the right branch, all of it and nothing else', () => {
  it('is broken by the wrong branch', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    const revision = scene.apply({ put: 'k', value: 'b' });
    const op = { ...txn, compare: [absent], success: [putStep('k', 'b')] };
    scene.op(op, { type: 'txn', revision, succeeded: true, steps: [put] });
    assertFlags(scene.end(), 'K6');
  });

  it('is broken by the wrong branch of one that was never answered', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.op({ ...txn, compare: [absent], success: [putStep('k', 'b')] }, ambiguous);
    scene.apply({ put: 'k', value: 'b' });
    assertFlags(scene.end(), 'K6');
  });

  it('is broken by a half', () => {
    const scene = new Scene();
    const revision = scene.apply({ put: 'p', value: 'x' });
    const op = { ...txn, success: [putStep('p', 'x'), putStep('q', 'y')] };
    scene.op(op, { type: 'txn', revision, succeeded: true, steps: [put, put] });
    assertFlags(scene.end(), 'K6');
  });

  it('is broken by two halves in two revisions', () => {
    const scene = new Scene();
    scene.op({ ...txn, success: [putStep('p', 'x'), putStep('q', 'y')] }, ambiguous);
    scene.apply({ put: 'p', value: 'x' });
    scene.apply({ put: 'q', value: 'y' });
    assertFlags(scene.end(), 'K6');
  });

  it('is broken by both branches', () => {
    const scene = new Scene();
    scene.op(
      { ...txn, compare: [absent], success: [putStep('k', 'a')], failure: [putStep('k', 'b')] },
      ambiguous,
    );
    scene.apply({ put: 'k', value: 'a' });
    scene.apply({ put: 'k', value: 'b' });
    assertFlags(scene.end(), 'K6');
  });
});

describe('K7, a serializable read is the truth at its revision, old as it may be', () => {
  const revisions = ['a', 'b', 'c'];

  for (const [i, value] of revisions.entries()) {
    it(`is broken by another value at revision ${i + 2}`, () => {
      const scene = new Scene();
      for (const each of revisions) scene.put('k', each);
      const revision = BigInt(i + 2);
      const kv = {
        ...scene.state('k')!,
        value: `not ${value}`,
        modRevision: revision,
        version: BigInt(i + 1),
      };
      scene.toldGet('k', [kv], revision, true);
      assertFlags(scene.end(), 'K7');
    });
  }

  it('is broken by a range that lacks a key', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.op({ type: 'range', prefix: '', serializable: true }, { type: 'read', revision: 2n, kvs: [] });
    assertFlags(scene.end(), 'K7');
  });
});

describe('the truth', () => {
  it('is worthless when members tell different things', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.facts.push({ kind: 'conflict', revision: 2n, members: ['m0', 'm1'], versions: [[], []] });
    assertFlags(scene.end(), 'T');
  });

  it('is worthless when a revision is missing', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.revision++;
    scene.put('k', 'b');
    assertFlags(scene.end(), 'T');
  });

  it('is worthless when the members end with different stores, or with another one', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    const hashes = ['m0', 'm1'].map((member) => ({ member, revision: 2n, hash: `of ${member}` }));
    assertFlags([...scene.end({ hashes })], 'T');
    const other = new Scene();
    other.put('k', 'a');
    assertFlags(other.end({ kvs: [] }), 'T');
  });

  it('shows of a violation the facts that contradict each other, out of many', () => {
    const scene = new Scene();
    for (let i = 0; i < 50; i++) scene.put('k', `v${i}`);
    scene.toldGet('k', [{ ...scene.state('k')!, value: 'v7' }], 51n);
    for (let i = 50; i < 99; i++) scene.put('k', `v${i}`);
    const [violation, ...others] = check(scene.end());
    assert.deepEqual(others, []);
    assert.deepEqual(
      violation?.slice.map(({ kind }) => kind),
      ['op', 'truth'],
    );
  });
});
