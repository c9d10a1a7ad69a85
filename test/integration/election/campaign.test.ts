import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { diagnosticsOf } from '#src/diagnostics/index.js';
import { ElectionClientImpl, type ElectionPorts } from '#src/election/index.js';
import { op } from '#src/kv/index.js';
import type { Bytes, KeyRange } from '#src/model/index.js';
import type { WatchOptions } from '#src/watch/index.js';
import { nextTerm, waitsBehind } from '../../support/election.js';
import { eventually } from '../../support/eventually.js';
import { useElection } from './use-election.js';

describe('a campaign', () => {
  const { etcd, connect, client, name, keys, isEmpty, campaign } = useElection();

  it('yields a term with a key in Go’s format, whose value is the proposal', async () => {
    const terms = campaign('a', { ttlSeconds: 30 });
    const term = await nextTerm(terms);
    const [stored] = await keys();
    assert.equal(String(term.key), `${name()}/${term.leaseId.toString(16)}`);
    assert.deepEqual([stored?.key, String(stored?.value), stored?.lease], [term.key, 'a', term.leaseId]);
    assert.deepEqual(term.guard, {
      target: 'create',
      key: term.key,
      result: '=',
      value: stored?.createRevision,
    });
    assert.ok(term.token >= stored!.createRevision);
    assert.deepEqual([term.held, term.signal.aborted, String(term.name)], [true, false, name()]);
    const lease = await client().lease.timeToLive(term.leaseId);
    assert.equal(lease?.grantedSeconds, 30);
    assert.deepEqual(JSON.parse(JSON.stringify(term)), {
      name: name(),
      key: String(term.key),
      leaseId: String(term.leaseId),
      token: String(term.token),
      held: true,
    });
    const shown = {
      name: name(),
      key: String(term.key),
      leaseId: term.leaseId,
      token: term.token,
      held: true,
    };
    assert.equal(inspect(term), inspect(shown));
    await terms.return?.();
    await isEmpty();
    assert.equal(await client().lease.timeToLive(term.leaseId), undefined);
  });

  it('waits for older candidates, and gets a larger token', async () => {
    const [one, other] = [campaign('one'), campaign('other')];
    const first = await nextTerm(one);
    const waiting = nextTerm(other);
    await waitsBehind(client(), name(), first.key, waiting);
    await first.resign();
    const second = await waiting;
    assert.ok(second.token > first.token);
    assert.deepEqual([first.held, second.held], [false, true]);
    assert.equal(String((await client().election.leader(name()))?.value), 'other');
    await Promise.all([one.return?.(), other.return?.()]);
    await isEmpty();
  });

  it('enters again at the end, with another lease and key, after a term was resigned', async () => {
    const [one, other] = [campaign('one'), campaign('other')];
    const first = await nextTerm(one);
    const waiting = nextTerm(other);
    await waitsBehind(client(), name(), first.key, waiting);
    await first.resign();
    const again = nextTerm(one);
    const second = await waiting;
    await waitsBehind(client(), name(), second.key, again);
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

  it('never has two leaders, and tokens grow, while five candidates take turns', async () => {
    const clients = Array.from({ length: 5 }, () => connect(etcd().endpoints));
    let leaders = 0;
    const tokens: bigint[] = [];
    await Promise.all(
      clients.map(async ({ election }, i) => {
        let terms = 0;
        for await (const term of election.campaign(name(), String(i))) {
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

  it('pauses longer each time before it enters again, when its terms are lost at once', async () => {
    const watch = (range: Bytes | KeyRange, options?: WatchOptions) => client().watch(range, options);
    const { kv, lease } = client();
    const election = new ElectionClientImpl({
      ...{ kv, watch: { watch } as unknown as ElectionPorts['watch'], store: { epoch: 0 } },
      ...{
        queue: { kv, lease, watch, diagnostics: diagnosticsOf(client()) },
        timeoutMs: 5_000,
        random: () => 0.99,
      },
    });
    const terms = election.campaign(name(), 'a');
    let lostAt = 0;
    for (const leastMs of [0, 198, 396, 792]) {
      const term = await nextTerm(terms);
      assert.ok(
        performance.now() - lostAt >= leastMs,
        `entered again after ${performance.now() - lostAt} ms`,
      );
      await client().kv.delete(term.key);
      await eventually('the term is lost', () => !term.held);
      lostAt = performance.now() - 100; // it may have been lost before it was noticed here
    }
    await terms.return?.();
    await isEmpty();
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

  it('works with a name of any bytes, and in a namespace', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe]);
    const { election } = client().namespace(`${name()}/`);
    const terms = election.campaign(bytes, bytes);
    const term = await nextTerm(terms);
    assert.deepEqual(term.key, Buffer.concat([bytes, Buffer.from(`/${term.leaseId.toString(16)}`)]));
    assert.deepEqual((await election.leader(bytes))?.value, bytes);
    assert.deepEqual((await keys())[0]?.key, Buffer.concat([Buffer.from(`${name()}/`), term.key]));
    await term.proclaim('new');
    assert.equal((await term.txn({ success: [op.put('inside', 'x')] })).succeeded, true);
    assert.ok((await client().kv.get(`${name()}/inside`)).kv);
    await terms.return?.();
    await client().kv.delete(`${name()}/inside`);
    await isEmpty();
  });

  it('uses the value as it was at the call', async () => {
    const value = Buffer.from('before');
    const terms = client().election.campaign(name(), value);
    value.write('AFTER!');
    await nextTerm(terms);
    assert.equal(String((await client().election.leader(name()))?.value), 'before');
    await terms.return?.();
  });

  it('refuses an empty name, another value, unknown options and a TTL out of range', async () => {
    const { election } = client();
    const terms = campaign('a');
    const term = await nextTerm(terms);
    assert.throws(() => election.campaign('', 'a'), /the name of the election is empty/);
    assert.throws(() => election.campaign(name(), 1 as never), /the value of the candidate is a number/);
    assert.throws(
      () => campaign('a', { ttl: 5 } as object),
      /unknown option 'ttl'; did you mean 'ttlSeconds'/,
    );
    assert.throws(() => campaign('a', { ttlSeconds: 0 }), /ttlSeconds is 0/);
    await assert.rejects(term.proclaim({} as never), /the value of the candidate is an object/);
    await assert.rejects(term.proclaim('b', { timeout: 1 } as object), /unknown option 'timeout'/);
    await assert.rejects(term.resign({ timeout: 1 } as object), /unknown option 'timeout'/);
    assert.equal(term.held, true);
    await terms.return?.();
  });
});
