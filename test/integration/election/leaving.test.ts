import assert from 'node:assert/strict';
import { ClosedError } from '#src/errors/index.js';
import { addCandidate, nextTerm, waitsBehind } from '../../support/election.js';
import { eventually } from '../../support/eventually.js';
import { ended, useElection } from './use-election.js';

describe('a campaign that is left', () => {
  const { etcd, connect, client, name, keys, isEmpty, campaign } = useElection();

  it('resigns when its loop is left by break, by return and by an error', async () => {
    const leave = {
      async break() {
        for await (const term of campaign('a')) {
          assert.ok(term.held);
          break;
        }
      },
      async return() {
        for await (const term of campaign('a')) return term;
        return undefined;
      },
      async error() {
        for await (const _ of campaign('a')) throw new Error('enough');
      },
    };
    await leave.break();
    assert.equal((await keys()).length, 0);
    const term = await leave.return();
    assert.deepEqual([term?.held, (await keys()).length], [false, 0]);
    assert.ok(term?.signal.reason instanceof ClosedError);
    await assert.rejects(leave.error(), /enough/);
    assert.equal((await keys()).length, 0);
  });

  it('ends at once when it is left while it waits, and removes the candidate', async () => {
    const leader = await addCandidate(client(), name(), 'leader');
    const terms = campaign('waiter');
    const waiting = terms.next();
    await waitsBehind(client(), name(), Buffer.from(leader.key), waiting);
    await terms.return?.();
    assert.deepEqual(await waiting, ended);
    await eventually('the candidate is removed', async () => (await keys()).length === 1);
  });

  it('rejects with the reason of its signal while it waits, and removes the candidate', async () => {
    const leader = await addCandidate(client(), name(), 'leader');
    const abort = new AbortController();
    const waiting = campaign('waiter', { signal: abort.signal }).next();
    await waitsBehind(client(), name(), Buffer.from(leader.key), waiting);
    const reason = new Error('enough');
    abort.abort(reason);
    await assert.rejects(waiting, (thrown) => thrown === reason);
    await eventually('the candidate is removed', async () => (await keys()).length === 1);
  });

  it('resigns at once when its signal aborts in the loop body', async () => {
    const abort = new AbortController();
    const terms = campaign('a', { signal: abort.signal });
    const term = await nextTerm(terms);
    const reason = new Error('enough');
    abort.abort(reason);
    assert.deepEqual([term.held, term.signal.aborted], [false, true]);
    assert.ok(term.signal.reason instanceof ClosedError);
    await isEmpty();
    await assert.rejects(terms.next(), (thrown) => thrown === reason);
    assert.deepEqual(await terms.next(), ended);
  });

  it('sends nothing when its signal was aborted before', async () => {
    const reason = new Error('enough');
    const terms = campaign('a', { signal: AbortSignal.abort(reason) });
    await assert.rejects(terms.next(), (thrown) => thrown === reason);
    assert.equal((await keys()).length, 0);
  });

  it('rejects with ClosedError when the client closes while it waits', async () => {
    const leader = await addCandidate(client(), name(), 'leader');
    const closing = connect(etcd().endpoints);
    const waiting = closing.election.campaign(name(), 'waiter').next();
    await waitsBehind(client(), name(), Buffer.from(leader.key), waiting);
    await Promise.all([assert.rejects(waiting, ClosedError), closing.close()]);
    assert.deepEqual(
      (await keys()).map(({ key }) => key),
      [Buffer.from(leader.key)],
    );
    await assert.rejects(closing.election.campaign(name(), 'late').next(), ClosedError);
  });

  it('loses the term when the client closes, and then rejects with ClosedError', async () => {
    const closing = connect(etcd().endpoints);
    const terms = closing.election.campaign(name(), 'a', { ttlSeconds: 2 });
    const term = await nextTerm(terms);
    await closing.close();
    assert.deepEqual([term.held, term.signal.aborted], [false, true]);
    await assert.rejects(terms.next(), ClosedError);
    await isEmpty(); // the lease expires
  });
});
