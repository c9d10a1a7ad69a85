import assert from 'node:assert/strict';
import { op } from '#src/kv/index.js';
import { addCandidate, nextValue, seesNext } from '../../support/election.js';
import { grpcCounter, skipUnlessBreakable, waitForNoWatchers } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { ended, useElection } from './use-election.js';

describe('the observation of an election', () => {
  const { etcd, connect, client, name } = useElection();

  it('starts with undefined when there is no leader, and continues with the first candidate', async () => {
    const observation = client().election.observe(name());
    await seesNext(observation, undefined);
    const { key, revision } = await addCandidate(client(), name(), 'a');
    const { value: leader } = await observation.next();
    assert.deepEqual(
      [String(leader?.key), String(leader?.value), leader?.createRevision, leader?.modRevision],
      [key, 'a', revision, revision],
    );
    assert.equal(`${name()}/${leader?.leaseId?.toString(16)}`, key);
    await observation.return?.();
  });

  it('starts with the current leader, which is the oldest key and not the first by name', async () => {
    await client().kv.put(`${name()}/2`, 'old');
    await client().kv.put(`${name()}/1`, 'young');
    const observation = client().election.observe(name());
    await seesNext(observation, 'old');
    assert.equal((await client().election.leader(name()))?.value.toString(), 'old');
    await observation.return?.();
  });

  it('yields each value that the leader proclaims, with one create revision', async () => {
    const leader = await addCandidate(client(), name(), 'a');
    const observation = client().election.observe(name());
    await seesNext(observation, 'a');
    for (const value of ['b', 'c']) {
      await leader.proclaim(value);
      const { value: found } = await observation.next();
      assert.deepEqual([String(found?.value), found?.createRevision], [value, leader.revision]);
      assert.ok(found && found.modRevision > leader.revision);
    }
    await observation.return?.();
  });

  it('yields the next leader, although a candidate before it has left, and undefined after the last', async () => {
    const first = await addCandidate(client(), name(), 'first');
    const second = await addCandidate(client(), name(), 'second');
    const third = await addCandidate(client(), name(), 'third');
    const observation = client().election.observe(name());
    await seesNext(observation, 'first');
    await second.leave();
    await first.leave();
    await seesNext(observation, 'third');
    await third.leave();
    await seesNext(observation, undefined);
    await addCandidate(client(), name(), 'fourth');
    await seesNext(observation, 'fourth');
    await observation.return?.();
  });

  it('yields nothing for candidates that wait', async () => {
    const leader = await addCandidate(client(), name(), 'leader');
    const observation = client().election.observe(name());
    await seesNext(observation, 'leader');
    const waiter = await addCandidate(client(), name(), 'waiter');
    await waiter.proclaim('impatient');
    await waiter.leave();
    await leader.proclaim('still');
    await seesNext(observation, 'still');
    await observation.return?.();
  });

  it('yields the waiting candidate when the leader’s key is deleted and created again', async () => {
    const leader = await addCandidate(client(), name(), 'leader');
    await addCandidate(client(), name(), 'waiter');
    const observation = client().election.observe(name());
    await seesNext(observation, 'leader');
    await client().kv.delete(leader.key);
    await client().kv.put(leader.key, 'again');
    await seesNext(observation, 'waiter');
    await observation.return?.();
  });

  it('yields a new term when the only key is deleted and created again', async () => {
    const leader = await addCandidate(client(), name(), 'leader');
    const observation = client().election.observe(name());
    await seesNext(observation, 'leader');
    await client().kv.delete(leader.key);
    const { revision } = await client().kv.put(leader.key, 'leader');
    let { value } = await observation.next();
    if (value === undefined) ({ value } = await observation.next()); // the read was before the second put
    assert.deepEqual([String(value?.value), value?.createRevision], ['leader', revision]);
    await observation.return?.();
  });

  it('never yields an older state after a newer one while leaders change continuously', async () => {
    const rounds = 30;
    let leader = await addCandidate(client(), name(), '0');
    const changing = (async () => {
      for (let i = 1; i <= rounds; i++) {
        const next = await addCandidate(client(), name(), String(i));
        await leader.leave();
        await next.proclaim(`${i}.5`);
        leader = next;
      }
    })();
    let last = -1;
    for await (const state of client().election.observe(name())) {
      assert.ok(state, 'there is a leader at every revision');
      const number = Number(state.value);
      assert.ok(number > last, `${number} after ${last}`);
      last = number;
      if (number === rounds + 0.5) break;
    }
    await changing;
  });

  it('costs nothing for a thousand candidates that come and go', async function () {
    skipUnlessBreakable(this, etcd()); // others use an external etcd too, and its counters
    const leader = await addCandidate(client(), name(), 'leader');
    const reads = () => grpcCounter(etcd(), 'grpc_server_started_total', 'Range');
    const readsBefore = await reads();
    const observation = connect(etcd().endpoints).election.observe(name());
    await seesNext(observation, 'leader');
    await leader.proclaim('seen');
    await seesNext(observation, 'seen');
    // The second read verifies, once the watch is live, that nothing was missed.
    await eventually('the watch is live', async () => (await reads()) >= readsBefore + 2);
    const counters = () => Promise.all([grpcCounter(etcd(), 'grpc_server_msg_sent_total', 'Watch'), reads()]);
    const before = await counters();
    for (let i = 0; i < 1_000; i += 100) {
      const keys = Array.from({ length: 100 }, (_, n) => `${name()}/${(i + n).toString(16)}`);
      await client().kv.txn({ success: keys.map((key) => op.put(key, 'waiter')) });
      await client().kv.txn({ success: keys.map((key) => op.delete(key)) });
    }
    await leader.proclaim('later');
    await seesNext(observation, 'later');
    const after = await counters();
    // One message has the proclamation. Others are about the watch itself, which reads once more when it has caught up.
    for (const [what, earlier, later] of [
      ['messages', before[0], after[0]],
      ['reads', before[1], after[1]],
    ] as const)
      assert.ok(later - earlier <= 3, `${later - earlier} ${what}`);
    await observation.return?.();
  });

  it('ends when its loop is left, also while it waits, and leaves no watch on the server', async () => {
    for await (const leader of client().election.observe(name())) {
      assert.equal(leader, undefined);
      break;
    }
    const observation = client().election.observe(name());
    await seesNext(observation, undefined);
    const waiting = observation.next();
    await observation.return?.();
    assert.deepEqual(await waiting, ended);
    assert.deepEqual(await observation.next(), ended);
    await waitForNoWatchers(etcd());
  });

  it('rejects with the reason of its signal, before the first state too', async () => {
    const abort = new AbortController();
    const observation = client().election.observe(name(), { signal: abort.signal });
    await seesNext(observation, undefined);
    const waiting = observation.next();
    const reason = { any: 'thing' };
    abort.abort(reason);
    await assert.rejects(waiting, (thrown) => thrown === reason);
    const late = client().election.observe(name(), { signal: abort.signal });
    await assert.rejects(late.next(), (thrown) => thrown === reason);
  });

  it('rejects with ClosedError when the client closes, and when it is closed', async () => {
    const observation = client().election.observe(name());
    await seesNext(observation, undefined);
    const waiting = observation.next();
    await Promise.all([assert.rejects(waiting, { name: 'ClosedError' }), client().close()]);
    await assert.rejects(client().election.observe(name()).next(), { name: 'ClosedError' });
  });

  it('starts with its first next(), and is for one loop', async () => {
    const observation = client().election.observe(name());
    await addCandidate(client(), name(), 'later');
    for await (const leader of observation) {
      assert.equal(String(leader?.value), 'later');
      break;
    }
    assert.throws(() => observation[Symbol.asyncIterator](), {
      name: 'TypeError',
      message: 'an observation can be iterated once; call observe() again',
    });
  });

  it('has the candidates of nested names, as in Go, and not those of names with the same beginning', async () => {
    await client().kv.put(`${name()}-other/1`, 'other');
    await client().kv.put(name(), 'the name itself');
    const observation = client().election.observe(name());
    await seesNext(observation, undefined);
    const nested = await addCandidate(client(), `${name()}/nightly`, 'nested');
    await seesNext(observation, 'nested');
    await nested.leave();
    await seesNext(observation, undefined);
    await observation.return?.();
  });

  it('works with a name of any bytes, and in a namespace with names inside it', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe]);
    const space = client().namespace(`${name()}/`);
    const observation = space.election.observe(bytes);
    await seesNext(observation, undefined);
    await client().kv.put(Buffer.concat([Buffer.from(`${name()}/`), bytes, Buffer.from('/7')]), 'here');
    const { value } = await observation.next();
    assert.deepEqual(value?.key, Buffer.concat([bytes, Buffer.from('/7')]));
    assert.deepEqual((await space.election.leader(bytes))?.key, value?.key);
    await observation.return?.();
  });

  it('yields leaders that JSON can represent, and undefined as the lease of a key without one', async () => {
    const { revision } = await client().kv.put(`${name()}/1`, 'by hand');
    const leader = await client().election.leader(name());
    assert.equal(leader?.leaseId, undefined);
    assert.deepEqual(JSON.parse(JSON.stringify(leader)), {
      key: `${name()}/1`,
      value: 'by hand',
      createRevision: String(revision),
      modRevision: String(revision),
    });
  });

  it('refuses an empty name, an unknown option and a value that is not a signal', async () => {
    const { election } = client();
    assert.throws(() => election.observe(''), /the name of the election is empty/);
    await assert.rejects(election.leader(''), /the name of the election is empty/);
    const misspelt = { singal: undefined } as object;
    assert.throws(() => election.observe(name(), misspelt), /unknown option 'singal'; did you mean 'signal'/);
    await assert.rejects(election.leader(name(), { timeout: 1 } as object), /unknown option 'timeout'/);
    assert.throws(() => election.observe(name(), { signal: 1 as never }), /signal/);
  });

  it('yields the newest state to a reader that was busy', async () => {
    const leader = await addCandidate(client(), name(), '0');
    const slow = client().election.observe(name());
    await seesNext(slow, '0');
    await leader.proclaim('1'); // the observation is up when it has this
    await seesNext(slow, '1');
    for (let i = 2; i <= 50; i++) await leader.proclaim(String(i));
    const values: number[] = [];
    while (values.at(-1) !== 50) values.push(Number(await nextValue(slow)));
    assert.deepEqual(
      values,
      [...values].sort((a, b) => a - b),
    );
    assert.ok(values.length < 49, `${values.length} states`);
    await slow.return?.();
  });
});
