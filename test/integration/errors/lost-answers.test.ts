import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { AmbiguousWriteError, EtcdError } from '#src/errors/index.js';
import { compare, op } from '#src/kv/index.js';
import type { FaultProxy } from '#src/testing/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from '../client/support.js';

/** What happens to a write in transit. */
type Outcome = 'answered' | 'answer lost' | 'request lost';

describe('a counter incremented by compare-and-put', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  const rounds = 36;
  let proxied: EtcdClient;
  let near: EtcdClient;
  let link: FaultProxy;
  let key: string;

  beforeEach(async () => {
    link = await proxy(etcd());
    proxied = connect([link.endpoint]);
    near = connect(etcd().endpoints);
    key = `${folderOf(etcd())}counter`;
  });

  /** Runs a write under a fault; returns its settled result. */
  async function run(
    outcome: Outcome,
    write: () => Promise<unknown>,
  ): Promise<PromiseSettledResult<unknown>> {
    const before = (await near.kv.get(key)).kv?.modRevision ?? 0n;
    if (outcome === 'answer lost') link.delay({ up: 0, down: 3_600_000 });
    if (outcome === 'request lost') link.cutAfterBytes(0, 'up');
    const settled = Promise.allSettled([write()]);
    if (outcome === 'answer lost') {
      await eventually(
        'etcd applied the write',
        async () => ((await near.kv.get(key)).kv?.modRevision ?? 0n) > before,
      );
      link.cut();
      link.heal();
    }
    const [result] = await settled;
    link.heal();
    return result!;
  }

  /** Increments as a careful user does: after an ambiguous outcome, it reads back a tag that only this write has. */
  async function increment(
    outcomes: readonly Outcome[],
    tag: string,
  ): Promise<{ ambiguous: number; applied: number }> {
    const seen = { ambiguous: 0, applied: 0 };
    for (let attempt = 0; ; attempt++) {
      const { kv } = await proxied.kv.get(key);
      const count = Number(kv?.value.toString().split(' ')[0] ?? 0);
      const txn = {
        compare: [compare.modRevision(key, '=', kv?.modRevision ?? 0n)],
        success: [op.put(key, `${count + 1} ${tag}`)],
      };
      const result = await run(outcomes[attempt] ?? 'answered', () => proxied.kv.txn(txn));
      if (result.status === 'fulfilled') {
        if ((result.value as { succeeded: boolean }).succeeded) return seen;
        continue;
      }
      const error = result.reason;
      assert.ok(error instanceof AmbiguousWriteError, String(error));
      assert.match(error.operation, /^Txn/);
      assert.ok(error.message.includes(link.endpoint), 'the message names the member');
      assert.ok(error.cause instanceof EtcdError);
      seen.ambiguous++;
      if ((await proxied.kv.get(key)).kv?.value.toString().endsWith(` ${tag}`))
        return { ...seen, applied: 1 };
    }
  }

  it(`counts each of ${rounds} increments once, through a proxy that loses answers and requests`, async function () {
    this.timeout(60_000);
    let ambiguous = 0;
    let applied = 0;
    for (let round = 0; round < rounds; round++) {
      const outcomes: Outcome[] = round % 3 === 0 ? ['request lost', 'answer lost'] : ['answer lost'];
      const seen = await increment(outcomes, `round-${round}`);
      ambiguous += seen.ambiguous;
      applied += seen.applied;
    }
    const { kv } = await near.kv.get(key);
    assert.equal(kv?.value.toString(), `${rounds} round-${rounds - 1}`);
    assert.equal(kv.version, BigInt(rounds), 'every write of the counter is one increment');
    assert.equal(applied, rounds, 'every answer was lost once');
    assert.ok(ambiguous > rounds, 'some requests were lost as well');
  });

  it('written without a comparison is put once if the answer is lost', async function () {
    this.timeout(60_000);
    for (let round = 0; round < 30; round++) {
      const one = `${key}${round}`;
      const before = (await proxied.kv.get(key)).revision; // also connects the client
      link.delay({ up: 0, down: 3_600_000 });
      const settled = Promise.allSettled([proxied.kv.put(one, 'v')]);
      await eventually('etcd applied the write', async () => (await near.kv.get(key)).revision > before);
      link.cut();
      link.heal();
      const [result] = await settled;
      assert.ok(result?.status === 'rejected' && result.reason instanceof AmbiguousWriteError);
      assert.match(result.reason.operation, /^Put/);
      assert.equal(result.reason.verdict, 'maybe-applied');
      await proxied.kv.get(one); // a hidden second attempt would have arrived by now
      assert.equal((await near.kv.get(one)).kv?.version, 1n);
    }
  });

  it('is read by a transaction that is sent again after its answer is lost', async () => {
    await near.kv.put(key, '1');
    await proxied.kv.get(key);
    const handled = () => etcd().metric('grpc_server_handled_total');
    const before = await handled();
    link.delay({ up: 0, down: 3_600_000 });
    const reading = proxied.kv.txn({ compare: [compare.version(key, '>', 0n)], success: [op.get(key)] });
    await eventually('etcd answered the request', async () => (await handled()) > before);
    link.cut();
    link.heal();
    const { succeeded, results } = await reading;
    assert.equal(succeeded, true);
    const [first] = results;
    assert.equal(first?.type === 'range' && first.kvs[0]?.value.toString(), '1');
  });
});
