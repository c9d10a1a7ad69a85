import assert from 'node:assert/strict';
import { AmbiguousWriteError, Code, errorFromServer } from '#src/errors/index.js';
import { type Change, provesNotApplied } from '#src/kv/update/change.js';
import { KeyUpdate } from '#src/kv/update/key-update.js';
import type { KeyValue } from '#src/model/index.js';

/** A key-value as it was read: created at 5, written three times. */
const read = kvWith({});

function kvWith(members: Partial<Omit<KeyValue, 'value'>> & { readonly value?: string }): KeyValue {
  const { value = 'old', ...rest } = members;
  return {
    key: Buffer.from('k'),
    value: Buffer.from(value),
    createRevision: 5n,
    modRevision: 9n,
    version: 3n,
    lease: 0n,
    ...rest,
  };
}

describe('an update whose write may have been applied', () => {
  const lost = (text: string) =>
    new AmbiguousWriteError('Txn', 'm:1', errorFromServer(Code.RESOURCE_EXHAUSTED, text));

  /** Runs an update whose transactions all fail with the error, after `lastsMs`. Returns the number of transactions. */
  async function transactionsUntil(error: AmbiguousWriteError, lastsMs: number): Promise<number> {
    let [transactions, now] = [0, 0];
    const ports = {
      kv: {
        get: async () => ({ kv: undefined, revision: 1n }),
        txn: async () => {
          transactions++;
          now += lastsMs;
          throw error;
        },
      },
      clock: { now: () => now },
      random: () => 0,
      timeoutMs: 100,
      closing: new AbortController().signal,
    };
    const update = new KeyUpdate(ports, Buffer.from('k'), () => 'v', { maxAttempts: 5 });
    await assert.rejects(update.run(), (thrown) => thrown === error);
    return transactions;
  }

  it('is sent again until the last attempt', async () => {
    assert.equal(await transactionsUntil(lost('Connection dropped'), 1), 5);
  });

  it('is not sent again if its space is exhausted, or its answer too large: another attempt ends the same', async () => {
    assert.equal(await transactionsUntil(lost('etcdserver: mvcc: database space exceeded'), 1), 1);
    assert.equal(await transactionsUntil(lost('Received message larger than max (9 vs 1)'), 1), 1);
  });

  it('is not sent again after its deadline, and the error names the member', async () => {
    assert.equal(await transactionsUntil(lost('Connection dropped'), 60), 2);
  });
});

describe('what is found after a change whose answer was lost', () => {
  const put: Change = { type: 'put', value: Buffer.from('new') };
  const remove: Change = { type: 'delete' };
  const rows: readonly (readonly [
    what: string,
    kv: KeyValue | undefined,
    change: Change,
    found: KeyValue | undefined,
    proves: boolean,
    lease?: bigint,
  ])[] = [
    ['one more write of another value', read, put, kvWith({ version: 4n, value: 'x' }), true],
    ['one more write of the same value', read, put, kvWith({ version: 4n, value: 'new' }), false],
    ['the same value with another lease', read, put, kvWith({ version: 4n, value: 'new', lease: 7n }), true],
    [
      'the same value with the lease of the change',
      read,
      put,
      kvWith({ version: 4n, value: 'new', lease: 7n }),
      false,
      7n,
    ],
    ['two more writes', read, put, kvWith({ version: 5n, value: 'x' }), false],
    [
      'a key that was created again',
      read,
      put,
      kvWith({ version: 4n, createRevision: 11n, value: 'x' }),
      false,
    ],
    ['no key', read, put, undefined, false],
    ['a key where there was none', undefined, put, kvWith({ version: 1n, value: 'x' }), false],
    ['a key that still exists and should be deleted', read, remove, kvWith({ version: 9n }), true],
    [
      'a key that was created again and should be deleted',
      read,
      remove,
      kvWith({ createRevision: 11n }),
      false,
    ],
    ['no key, which should be deleted', read, remove, undefined, false],
  ];
  for (const [what, kv, change, found, proves, lease] of rows) {
    it(`${proves ? 'proves' : 'does not prove'} that it was not applied: ${what}`, () => {
      assert.equal(provesNotApplied(kv, change, found, lease), proves);
    });
  }
});
