import assert from 'node:assert/strict';
import { addCandidate, nextTerm, waitsBehind } from '../../support/election.js';
import { eventually } from '../../support/eventually.js';
import { ended, useElection } from './use-election.js';

describe('a candidate that waits', () => {
  const { etcd, connect, client, name, keys, isEmpty, campaign } = useElection();

  for (const [what, lose] of [
    ['key was deleted', (key: Buffer) => client().kv.delete(key)],
    [
      'lease was revoked',
      (key: Buffer) =>
        connect(etcd().endpoints).lease.revoke(BigInt(`0x${String(key).slice(name().length + 1)}`)),
    ],
  ] as const)
    it(`is not elected after its ${what}, and enters again`, async () => {
      const leader = await addCandidate(client(), name(), 'leader');
      const terms = campaign('waiter');
      const waiting = nextTerm(terms);
      await waitsBehind(client(), name(), Buffer.from(leader.key), waiting);
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
    const leader = await addCandidate(client(), name(), 'leader');
    const middle = await addCandidate(client(), name(), 'middle');
    const terms = campaign('last');
    const waiting = nextTerm(terms);
    await waitsBehind(client(), name(), Buffer.from(middle.key), waiting);
    await middle.leave();
    await waitsBehind(client(), name(), Buffer.from(leader.key), waiting);
    await leader.leave();
    await waiting;
    await terms.return?.();
  });

  it('keeps its place through a compaction, and leaves no key behind when it is left after one', async () => {
    const leader = await addCandidate(client(), name(), 'leader');
    const [one, other] = [campaign('one'), campaign('other')];
    const waiting = nextTerm(one);
    await waitsBehind(client(), name(), Buffer.from(leader.key), waiting);
    const [, place] = await keys();
    const giving = other.next();
    await waitsBehind(client(), name(), place!.key, giving);
    await client().kv.compact((await client().kv.get('x')).revision);
    await other.return?.();
    assert.deepEqual(await giving, ended);
    await eventually('the key is removed', async () => (await keys()).length === 2);
    await leader.leave();
    assert.deepEqual((await waiting).key, place!.key);
    await one.return?.();
    await isEmpty();
  });
});
