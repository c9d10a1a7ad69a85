import assert from 'node:assert/strict';
import { once } from 'node:events';
import { inspect } from 'node:util';
import type { AsyncStream } from '#src/async/index.js';
import type { EtcdClient } from '#src/client/index.js';
import { ElectionClientImpl, type ElectionPorts, type Term } from '#src/election/index.js';
import { ClosedError, PermissionDeniedError } from '#src/errors/index.js';
import { compare, op } from '#src/kv/index.js';
import { LockLostError } from '#src/lock/index.js';
import type { Bytes, KeyRange } from '#src/model/index.js';
import type { WatchOptions } from '#src/watch/index.js';
import { secretOf } from '../../support/canary.js';
import { addCandidate, isAbsent, nextTerm, waitsBehind } from '../../support/election.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from '../client/support.js';

const ended = { done: true, value: undefined };

describe('a campaign', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;
  let name: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    name = `${folderOf(etcd())}jobs`;
  });

  /** The keys of the candidates, the leader's first. */
  const keys = async () => {
    const sort = { by: 'create', order: 'ascend' } as const;
    return (await client.kv.range({ prefix: `${name}/` }, { sort })).kvs;
  };
  const isEmpty = () => isAbsent(client, name);
  const campaign = (value: string, options = {}) => client.election.campaign(name, value, options);

  it('yields a term with a key in Go’s format, whose value is the proposal', async () => {
    const terms = campaign('a', { ttlSeconds: 30 });
    const term = await nextTerm(terms);
    const [stored] = await keys();
    assert.equal(String(term.key), `${name}/${term.leaseId.toString(16)}`);
    assert.deepEqual([stored?.key, String(stored?.value), stored?.lease], [term.key, 'a', term.leaseId]);
    assert.deepEqual(term.guard, {
      target: 'create',
      key: term.key,
      result: '=',
      value: stored?.createRevision,
    });
    assert.ok(term.token >= stored!.createRevision);
    assert.deepEqual([term.held, term.signal.aborted, String(term.name)], [true, false, name]);
    const lease = await client.lease.timeToLive(term.leaseId);
    assert.equal(lease?.grantedSeconds, 30);
    assert.deepEqual(JSON.parse(JSON.stringify(term)), {
      name,
      key: String(term.key),
      leaseId: String(term.leaseId),
      token: String(term.token),
      held: true,
    });
    const shown = { name, key: String(term.key), leaseId: term.leaseId, token: term.token, held: true };
    assert.equal(inspect(term), inspect(shown));
    await terms.return?.();
    await isEmpty();
    assert.equal(await client.lease.timeToLive(term.leaseId), undefined);
  });

  it('waits for older candidates, and gets a larger token', async () => {
    const [one, other] = [campaign('one'), campaign('other')];
    const first = await nextTerm(one);
    const waiting = nextTerm(other);
    await waitsBehind(client, name, first.key, waiting);
    await first.resign();
    const second = await waiting;
    assert.ok(second.token > first.token);
    assert.deepEqual([first.held, second.held], [false, true]);
    assert.equal(String((await client.election.leader(name))?.value), 'other');
    await Promise.all([one.return?.(), other.return?.()]);
    await isEmpty();
  });

  it('enters again at the end, with another lease and key, after a term was resigned', async () => {
    const [one, other] = [campaign('one'), campaign('other')];
    const first = await nextTerm(one);
    const waiting = nextTerm(other);
    await waitsBehind(client, name, first.key, waiting);
    await first.resign();
    const again = nextTerm(one);
    const second = await waiting;
    await waitsBehind(client, name, second.key, again);
    await other.return?.();
    const third = await again;
    assert.notEqual(third.leaseId, first.leaseId);
    assert.ok(third.token > second.token);
    await one.return?.();
    await isEmpty();
  });

  it('keeps a term whose loop body has ended, until it is resigned', async () => {
    const terms = campaign('a');
    const term = await nextTerm(terms);
    const next = nextTerm(terms);
    await term.proclaim('still here');
    assert.deepEqual([term.held, (await keys()).length], [true, 1]);
    await term.resign();
    const again = await next;
    assert.notDeepEqual(again.key, term.key);
    await terms.return?.();
    await isEmpty();
  });

  it('proclaims values that change neither the guard nor what resigning does', async () => {
    const terms = campaign('a');
    const term = await nextTerm(terms);
    for (const value of ['b', Buffer.from([0xff, 0])]) {
      await term.proclaim(value);
      const leader = await client.election.leader(name);
      assert.deepEqual([leader?.value, leader?.leaseId], [Buffer.from(value), term.leaseId]);
      assert.equal(leader?.createRevision, term.guard.value);
      assert.ok(leader && leader.modRevision > leader.createRevision);
    }
    const { succeeded } = await term.txn({ success: [op.put(`${name}-result`, 'x')] });
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
    const watcher = client.watch(term.key);
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
    await client.kv.put(term.key, 'by hand'); // without the lease
    await term.proclaim('mine');
    const [stored] = await keys();
    assert.deepEqual([String(stored?.value), stored?.lease], ['mine', term.leaseId]);
    await terms.return?.();
    await isEmpty();
  });

  it('runs transactions only while the term lasts, and returns their own result', async () => {
    const terms = campaign('a');
    const term = await nextTerm(terms);
    const result = `${name}-result`;
    const fails = { compare: [compare.version(result, '>', 0n)], failure: [op.get(result)] };
    assert.equal((await term.txn(fails)).succeeded, false);
    assert.equal((await term.txn({ success: [op.put(result, 'x')] })).succeeded, true);
    await client.kv.delete(term.key);
    await assert.rejects(term.txn({ success: [op.put(result, 'late')] }), LockLostError);
    assert.equal(String((await client.kv.get(result)).kv?.value), 'x');
    assert.equal(term.held, false);
    await terms.return?.();
    await isEmpty();
  });

  for (const [loss, lose] of [
    ['its lease is revoked', (term: Term) => connect(etcd().endpoints).lease.revoke(term.leaseId)],
    ['its key is deleted', (term: Term) => client.kv.delete(term.key)],
  ] as const)
    it(`loses the term when ${loss}, and continues with another one`, async () => {
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

  it('pauses longer each time before it enters again, when its terms are lost at once', async () => {
    const watch = (range: Bytes | KeyRange, options?: WatchOptions) => client.watch(range, options);
    const { kv, lease } = client;
    const election = new ElectionClientImpl({
      ...{ kv, watch: { watch } as unknown as ElectionPorts['watch'], store: { epoch: 0 } },
      ...{ queue: { kv, lease, watch }, timeoutMs: 5_000, random: () => 0.99 },
    });
    const terms = election.campaign(name, 'a');
    let lostAt = 0;
    for (const leastMs of [0, 198, 396, 792]) {
      const term = await nextTerm(terms);
      assert.ok(
        performance.now() - lostAt >= leastMs,
        `entered again after ${performance.now() - lostAt} ms`,
      );
      await client.kv.delete(term.key);
      await eventually('the term is lost', () => !term.held);
      lostAt = performance.now() - 100; // it may have been lost before it was noticed here
    }
    await terms.return?.();
    await isEmpty();
  });

  it('does not create its key again by a proclamation after the key was deleted', async () => {
    const terms = campaign('a');
    const term = await nextTerm(terms);
    const [deleted, proclaimed] = await Promise.allSettled([
      client.kv.delete(term.key),
      term.proclaim('late').then(() => term.proclaim('later')),
    ]);
    assert.equal(deleted.status, 'fulfilled');
    assert.ok(proclaimed.status === 'rejected' && proclaimed.reason instanceof LockLostError);
    await isEmpty();
    await terms.return?.();
  });

  for (const [loss, lose] of [
    ['whose key was deleted', (key: Buffer) => client.kv.delete(key)],
    [
      'whose lease was revoked',
      (key: Buffer) =>
        connect(etcd().endpoints).lease.revoke(BigInt(`0x${String(key).slice(name.length + 1)}`)),
    ],
  ] as const)
    it(`does not elect a waiting candidate ${loss}, which enters again`, async () => {
      const leader = await addCandidate(client, name, 'leader');
      const terms = campaign('waiter');
      const waiting = nextTerm(terms);
      await waitsBehind(client, name, Buffer.from(leader.key), waiting);
      const [, waiter] = await keys();
      await lose(waiter!.key);
      await leader.leave();
      const term = await waiting;
      const [stored] = await keys();
      assert.notDeepEqual(term.key, waiter!.key);
      assert.deepEqual(stored?.key, term.key);
      await terms.return?.();
      await isEmpty();
    });

  it('is not elected when the candidate before it gives up while an older one leads', async () => {
    const leader = await addCandidate(client, name, 'leader');
    const middle = await addCandidate(client, name, 'middle');
    const terms = campaign('last');
    const waiting = nextTerm(terms);
    await waitsBehind(client, name, Buffer.from(middle.key), waiting);
    await middle.leave();
    await waitsBehind(client, name, Buffer.from(leader.key), waiting);
    await leader.leave();
    await waiting;
    await terms.return?.();
  });

  it('keeps its place through a compaction, and leaves no key behind when it is left after one', async () => {
    const leader = await addCandidate(client, name, 'leader');
    const [one, other] = [campaign('one'), campaign('other')];
    const waiting = nextTerm(one);
    await waitsBehind(client, name, Buffer.from(leader.key), waiting);
    const [, place] = await keys();
    const giving = other.next();
    await waitsBehind(client, name, place!.key, giving);
    await client.kv.compact((await client.kv.get('x')).revision);
    await other.return?.();
    assert.deepEqual(await giving, ended);
    await eventually('the key is removed', async () => (await keys()).length === 2);
    await leader.leave();
    assert.deepEqual((await waiting).key, place!.key);
    await one.return?.();
    await isEmpty();
  });

  it('never has two leaders, and tokens grow, while five candidates take turns', async () => {
    const clients = Array.from({ length: 5 }, () => connect(etcd().endpoints));
    let leaders = 0;
    const tokens: bigint[] = [];
    await Promise.all(
      clients.map(async ({ election }, i) => {
        let terms = 0;
        for await (const term of election.campaign(name, String(i))) {
          assert.equal(++leaders, 1);
          tokens.push(term.token);
          await term.proclaim(`${i} ready`);
          assert.equal(leaders--, 1);
          if (++terms === 5) break;
          await term.resign();
        }
      }),
    );
    assert.equal(tokens.length, 25);
    assert.ok(tokens.every((token, i) => i === 0 || token > tokens[i - 1]!));
    await isEmpty();
  });

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
    const leader = await addCandidate(client, name, 'leader');
    const terms = campaign('waiter');
    const waiting = terms.next();
    await waitsBehind(client, name, Buffer.from(leader.key), waiting);
    await terms.return?.();
    assert.deepEqual(await waiting, ended);
    await eventually('the candidate is removed', async () => (await keys()).length === 1);
  });

  it('rejects with the reason of its signal while it waits, and removes the candidate', async () => {
    const leader = await addCandidate(client, name, 'leader');
    const abort = new AbortController();
    const waiting = campaign('waiter', { signal: abort.signal }).next();
    await waitsBehind(client, name, Buffer.from(leader.key), waiting);
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
    const leader = await addCandidate(client, name, 'leader');
    const closing = connect(etcd().endpoints);
    const waiting = closing.election.campaign(name, 'waiter').next();
    await waitsBehind(client, name, Buffer.from(leader.key), waiting);
    await Promise.all([assert.rejects(waiting, ClosedError), closing.close()]);
    assert.deepEqual(
      (await keys()).map(({ key }) => key),
      [Buffer.from(leader.key)],
    );
    await assert.rejects(closing.election.campaign(name, 'late').next(), ClosedError);
  });

  it('loses the term when the client closes, and then rejects with ClosedError', async () => {
    const closing = connect(etcd().endpoints);
    const terms = closing.election.campaign(name, 'a', { ttlSeconds: 2 });
    const term = await nextTerm(terms);
    await closing.close();
    assert.deepEqual([term.held, term.signal.aborted], [false, true]);
    await assert.rejects(terms.next(), ClosedError);
    await isEmpty(); // the lease expires
  });

  it('starts with its first next(), and is for one loop', async () => {
    const terms = campaign('a');
    assert.equal((await keys()).length, 0);
    for await (const term of terms) {
      assert.ok(term.held);
      break;
    }
    assert.throws(() => terms[Symbol.asyncIterator](), {
      name: 'TypeError',
      message: 'a campaign can be iterated once; call campaign() again',
    });
    await isEmpty();
  });

  it('has one term at a time when several are requested', async () => {
    const terms = campaign('a');
    const [first, second] = [terms.next(), terms.next()];
    const { value: term } = await first;
    assert.equal((await keys()).length, 1);
    await term?.resign();
    const { value: again } = await second;
    assert.notDeepEqual(again?.key, term?.key);
    await terms.return?.();
    await isEmpty();
  });

  it('resigns a term that is disposed of, without an error when it is over', async () => {
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

  it('works with a name of any bytes, and in a namespace', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe]);
    const { election } = client.namespace(`${name}/`);
    const terms = election.campaign(bytes, bytes);
    const term = await nextTerm(terms);
    assert.deepEqual(term.key, Buffer.concat([bytes, Buffer.from(`/${term.leaseId.toString(16)}`)]));
    assert.deepEqual((await election.leader(bytes))?.value, bytes);
    assert.deepEqual((await keys())[0]?.key, Buffer.concat([Buffer.from(`${name}/`), term.key]));
    await term.proclaim('new');
    assert.equal((await term.txn({ success: [op.put('inside', 'x')] })).succeeded, true);
    assert.ok((await client.kv.get(`${name}/inside`)).kv);
    await terms.return?.();
    await client.kv.delete(`${name}/inside`);
    await isEmpty();
  });

  it('uses the value as it was at the call', async () => {
    const value = Buffer.from('before');
    const terms = client.election.campaign(name, value);
    value.write('AFTER!');
    await nextTerm(terms);
    assert.equal(String((await client.election.leader(name))?.value), 'before');
    await terms.return?.();
  });

  it('refuses an empty name, another value, unknown options and a TTL out of range', async () => {
    const { election } = client;
    const terms = campaign('a');
    const term = await nextTerm(terms);
    assert.throws(() => election.campaign('', 'a'), /the name of the election is empty/);
    assert.throws(() => election.campaign(name, 1 as never), /the value of the candidate is a number/);
    assert.throws(() => campaign('a', { ttl: 5 }), /unknown option 'ttl'; did you mean 'ttlSeconds'/);
    assert.throws(() => campaign('a', { ttlSeconds: 0 }), /ttlSeconds is 0/);
    await assert.rejects(term.proclaim({} as never), /the value of the candidate is an object/);
    await assert.rejects(term.proclaim('b', { timeout: 1 } as object), /unknown option 'timeout'/);
    await assert.rejects(term.resign({ timeout: 1 } as object), /unknown option 'timeout'/);
    assert.equal(term.held, true);
    await terms.return?.();
  });
});

describe('a campaign of a user with rights on one prefix', () => {
  const etcd = useEtcd({
    auth: {
      roles: { candidate: [{ access: 'readwrite', prefix: 'mine/' }] },
      users: { candidate: { password: secretOf('candidate of elections'), roles: ['candidate'] } },
    },
  });
  const { connect } = useClients();

  it('needs to read and write the prefix, and is otherwise refused at once', async () => {
    const { endpoints, ...access } = etcd().clientOptionsOf('candidate');
    const { election } = connect(endpoints, access);
    const terms: AsyncStream<Term> = election.campaign('mine', 'a');
    const term = await nextTerm(terms);
    await term.proclaim('b');
    await terms.return?.();
    await assert.rejects(election.campaign('other', 'a').next(), PermissionDeniedError);
    const { endpoints: all, ...root } = etcd().clientOptions;
    const admin = connect(all, root);
    await eventually('no lease is left', async () => (await admin.lease.list()).length === 0);
  });
});
