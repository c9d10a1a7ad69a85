import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InvalidInputError } from '#src/errors/index.js';
import { op, type Txn } from '#src/kv/index.js';
import { toWireTxn, txnRequest } from '#src/kv/txn/request.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { anyTxn } from '../../unit/kv/arbitrary.js';
import { useRawKv } from './raw.js';

const maxTxnOps = 4;
const verdicts = [
  [/^etcdserver: duplicate key given in txn request$/, /puts the key '.*' (twice|inside a range)/],
  [/^etcdserver: too many operations in txn request$/, /has \d+ operations; the limit is 4/],
] as const;

function refusal(txn: Txn): string | undefined {
  try {
    txnRequest(txn, maxTxnOps);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof InvalidInputError, String(error));
    return error.message;
  }
}

describe('the set of refused transactions', () => {
  const etcd = useEtcd({ args: ['--max-txn-ops', String(maxTxnOps)] });
  const raw = useRawKv(() => etcd().endpoints[0]!);
  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  /** Asserts that etcd and the client agree. */
  async function agrees(txn: Txn): Promise<'passes' | 'refused'> {
    const ours = refusal(txn);
    const theirs = await raw.txn(toWireTxn(txn));
    if (typeof theirs !== 'string') {
      assert.equal(ours, undefined, 'refused by the client, but accepted by etcd');
      return 'passes';
    }
    const verdict = verdicts.find(([text]) => text.test(theirs));
    assert.ok(verdict, theirs);
    assert.ok(ours !== undefined, `accepted by the client, but refused by etcd: ${theirs}`);
    assert.match(ours, verdict[1]);
    return 'refused';
  }

  it('is exactly what etcd refuses', async () => {
    const seen = { passes: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(anyTxn(2, 4), async (txn) => {
        seen[await agrees(txn)]++;
      }),
      { numRuns: 1_500 },
    );
    assert.ok(seen.passes > 100 && seen.refused > 100, JSON.stringify(seen));
  });

  const put = op.put('k', 'v');
  const gone = op.delete({ prefix: 'k' });
  const inside = (...success: (typeof put)[]) => op.txn({ success });
  const known: readonly (readonly [what: string, txn: Txn, verdict: 'passes' | 'refused'])[] = [
    ['a key put twice', { success: [put, put] }, 'refused'],
    ['a key put once in each branch', { success: [put], failure: [put] }, 'passes'],
    ['a put before the delete around it', { success: [put, gone] }, 'refused'],
    ['a put into a deleted range without an end', { success: [op.delete({ fromKey: 'j' }), put] }, 'passes'],
    ['a nested put and the same put outside', { success: [inside(put), put] }, 'refused'],
    [
      'a key put in both branches of a nested transaction',
      { success: [op.txn({ success: [put], failure: [put] })] },
      'passes',
    ],
    ['a nested put, then a nested delete beside it', { success: [inside(put), inside(gone)] }, 'passes'],
    ['a nested delete, then a nested put beside it', { success: [inside(gone), inside(put)] }, 'refused'],
    [
      'a delete in the failure branch of a nested transaction, then a nested put beside it',
      { success: [op.txn({ failure: [gone] }), inside(put)] },
      'refused',
    ],
    ['the same delete twice', { success: [gone, gone] }, 'passes'],
    [
      'levels that add up to the limit',
      { success: [put, gone].slice(1).concat(inside(inside(inside()))) },
      'passes',
    ],
    ['levels that add up to more', { success: [inside(inside(inside(inside(put))))] }, 'refused'],
    [
      'nested transactions side by side within the limit',
      { success: [inside(gone, gone), inside(gone, gone)] },
      'passes',
    ],
  ];
  for (const [what, txn, verdict] of known) {
    it(`${verdict === 'passes' ? 'does not include' : 'includes'}: ${what}`, async () => {
      assert.equal(await agrees(txn), verdict);
    });
  }
});
