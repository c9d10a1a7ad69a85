import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Term } from '#src/election/index.js';
import { ClosedError } from '#src/errors/index.js';
import { compare, op } from '#src/kv/index.js';
import { LockLostError } from '#src/lock/index.js';
import { nextTerm } from '../../support/election.js';
import { useElection } from './use-election.js';

describe('a term', () => {
  const { etcd, connect, client, name, keys, isEmpty, campaign } = useElection();

  it('proclaims values that change neither the guard nor what resigning does', async () => {
    const terms = campaign('a');
    const term = await nextTerm(terms);
    for (const value of ['b', Buffer.from([0xff, 0])]) {
      await term.proclaim(value);
      const leader = await client().election.leader(name());
      assert.deepEqual([leader?.value, leader?.leaseId], [Buffer.from(value), term.leaseId]);
      assert.equal(leader?.createRevision, term.guard.value);
      assert.ok(leader && leader.modRevision > leader.createRevision);
    }
    const { succeeded } = await term.txn({ success: [op.put(`${name()}-result`, 'x')] });
    assert.equal(succeeded, true);
    await term.resign();
    await isEmpty();
    await assert.rejects(term.proclaim('late'), ClosedError);
    await isEmpty();
    await terms.return?.();
  });

  it('applies proclamations in the order of the calls', async () => {
    const terms = campaign('a');
    const term = await nextTerm(terms);
    const observed: string[] = [];
    const watcher = client().watch(term.key);
    await watcher.ready;
    await Promise.all(Array.from({ length: 20 }, (_, i) => term.proclaim(String(i))));
    for await (const { events } of watcher) {
      for (const { kv } of events) observed.push(String(kv.value));
      if (observed.length >= 20) break;
    }
    assert.deepEqual(
      observed,
      Array.from({ length: 20 }, (_, i) => String(i)),
    );
    await terms.return?.();
  });

  it('proclaims over a value that someone else wrote, and attaches the lease again', async () => {
    const terms = campaign('a');
    const term = await nextTerm(terms);
    await client().kv.put(term.key, 'by hand'); // without the lease
    await term.proclaim('mine');
    const [stored] = await keys();
    assert.deepEqual([String(stored?.value), stored?.lease], ['mine', term.leaseId]);
    await terms.return?.();
    await isEmpty();
  });

  it('runs transactions only while the term lasts, and returns their own result', async () => {
    const terms = campaign('a');
    const term = await nextTerm(terms);
    const result = `${name()}-result`;
    const fails = { compare: [compare.version(result, '>', 0n)], failure: [op.get(result)] };
    assert.equal((await term.txn(fails)).succeeded, false);
    assert.equal((await term.txn({ success: [op.put(result, 'x')] })).succeeded, true);
    await client().kv.delete(term.key);
    await assert.rejects(term.txn({ success: [op.put(result, 'late')] }), LockLostError);
    assert.equal(String((await client().kv.get(result)).kv?.value), 'x');
    assert.equal(term.held, false);
    await terms.return?.();
    await isEmpty();
  });

  for (const [loss, lose] of [
    ['its lease is revoked', (term: Term) => connect(etcd().endpoints).lease.revoke(term.leaseId)],
    ['its key is deleted', (term: Term) => client().kv.delete(term.key)],
  ] as const)
    it(`is lost when ${loss}, and the campaign continues with another one`, async () => {
      const terms = campaign('a');
      const term = await nextTerm(terms);
      const lost = once(term.signal, 'abort');
      await lose(term);
      await lost;
      assert.equal(term.held, false);
      assert.ok(term.signal.reason instanceof LockLostError, String(term.signal.reason));
      await assert.rejects(term.proclaim('late'), LockLostError);
      const again = await nextTerm(terms);
      assert.ok(again.token > term.token);
      assert.equal((await keys()).length, 1);
      await terms.return?.();
      await isEmpty();
    });

  it('does not create its key again by a proclamation after the key was deleted', async () => {
    const terms = campaign('a');
    const term = await nextTerm(terms);
    const [deleted, proclaimed] = await Promise.allSettled([
      client().kv.delete(term.key),
      term.proclaim('late').then(() => term.proclaim('later')),
    ]);
    assert.equal(deleted.status, 'fulfilled');
    assert.ok(proclaimed.status === 'rejected' && proclaimed.reason instanceof LockLostError);
    await isEmpty();
    await terms.return?.();
  });

  it('is resigned when it is disposed of, without an error when it is over', async () => {
    const terms = campaign('a');
    const term = await nextTerm(terms);
    {
      await using disposed = term;
      assert.ok(disposed.held);
    }
    await isEmpty();
    await term.resign();
    await term[Symbol.asyncDispose]();
    await terms.return?.();
  });
});
