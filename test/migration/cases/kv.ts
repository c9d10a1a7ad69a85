import assert from 'node:assert/strict';
import type { GetResult, PutResult, RangeResult, TxnResult } from '#src/kv/index.js';
import { type Case, type Cases, type Check, plain } from '../support/case.js';

const one = { k: 'v' };
const three = { 'p/a': '1', 'p/b': '2', 'p/c': '3' };

/** The answer of etcd3, as far as the checks need it. */
interface PeerAnswer {
  readonly kvs: readonly { readonly key: Buffer; readonly value: Buffer; readonly mod_revision: string }[];
  readonly header: { readonly revision: string };
  readonly deleted: string;
}

const strings = (both: object, given: Readonly<Record<string, string>> = three): Case => ({ given, both });

const reading: Cases = {
  "etcd3.get('k')": { etcd3: null, ours: undefined },
  "etcd3.get('k').string()": { given: one, both: 'v' },
  "etcd3.get('k').string('latin1')": { given: { k: 'é' }, both: Buffer.from('é').toString('latin1') },
  "etcd3.get('k').json()": { given: { k: '{"a":1}' }, both: { a: 1 } },
  "etcd3.get('k').number()": { etcd3: null, ours: undefined },
  "etcd3.get('k').buffer()": { given: one, both: 'v' },
  "etcd3.get('k').exists()": { given: one, both: true },
  "etcd3.get('k').exec()": {
    given: one,
    etcd3: ({ kvs, header }: PeerAnswer) => assert.equal(kvs[0]?.mod_revision, header.revision),
    ours: ({ kv, revision }: GetResult) => assert.equal(kv?.modRevision, revision),
  },
  "etcd3.get('k').then((value) => value)": { given: one, both: 'v' },
  "etcd3.get('k').revision(revision)": { given: one, both: 'v' },
  "etcd3.get('k').serializable(true)": { given: one, both: 'v' },
  "etcd3.get('k').minModRevision(revision)": { given: one, both: 'v' },
  "etcd3.get('k').maxModRevision(revision)": { given: one, both: 'v' },
  "etcd3.get('k').minCreateRevision(revision)": { given: one, both: 'v' },
  "etcd3.get('k').maxCreateRevision(revision)": { given: one, both: 'v' },
  "etcd3.get('k').options({ deadline: Date.now() + 5_000 })": { given: one, both: 'v' },
  "etcd3.get('k').op()": {
    etcd3: { request_range: { key: 'k', limit: 1 } },
    ours: (op: object) => assert.deepEqual(plain(op), { type: 'range', range: 'k', options: {} }),
  },
};

const ranges: Cases = {
  "etcd3.getAll().prefix('p/')": strings(three),
  "etcd3.getAll().prefix('p/').strings()": strings(three),
  "etcd3.getAll().prefix('p/').json()": {
    given: three,
    etcd3: { 'p/a': 1, 'p/b': 2, 'p/c': 3 },
    ours: [1, 2, 3],
  },
  "etcd3.getAll().prefix('p/').numbers()": {
    given: three,
    etcd3: { 'p/a': 1, 'p/b': 2, 'p/c': 3 },
    ours: [1, 2, 3],
  },
  "etcd3.getAll().prefix('p/').buffers()": { given: three, etcd3: three, ours: ['1', '2', '3'] },
  "etcd3.getAll().prefix('p/').keys()": { given: three, both: ['p/a', 'p/b', 'p/c'] },
  "etcd3.getAll().prefix('p/').keyBuffers()": { given: three, both: ['p/a', 'p/b', 'p/c'] },
  "etcd3.getAll().prefix('p/').count()": { given: three, etcd3: 3, ours: '3n' },
  "etcd3.getAll().prefix('p/').exec()": {
    given: three,
    etcd3: ({ kvs }: PeerAnswer) => assert.equal(kvs.length, 3),
    ours: ({ kvs, count, more }: RangeResult) => assert.deepEqual([kvs.length, count, more], [3, 3n, false]),
  },
  'etcd3.getAll().all()': strings({ ...three, k: 'v' }, { ...three, k: 'v' }),
  "etcd3.getAll().inRange({ start: 'p/a', end: 'p/c' })": strings({ 'p/a': '1', 'p/b': '2' }),
  "etcd3.getAll().prefix('p/').limit(1)": strings({ 'p/a': '1' }),
  "etcd3.getAll().prefix('p/').sort('Key', 'Descend').keys()": { given: three, both: ['p/c', 'p/b', 'p/a'] },
};

const anything: Check = () => undefined;
const writes = (value: string): Case => ({ both: anything, stored: { k: value } });
/** The value is replaced, and the key's lease stays. */
const keepsLease: Check = async (_: unknown, { admin }) => {
  const { kv } = await admin.kv.get('k');
  assert.equal(kv?.value.toString(), 'v');
};

const writing: Cases = {
  "etcd3.put('k').value('v')": writes('v'),
  "etcd3.put('k').value('v').exec()": {
    etcd3: ({ header }: PeerAnswer) => assert.match(header.revision, /^\d+$/),
    ours: ({ revision, prevKv }: PutResult) =>
      assert.deepEqual([typeof revision, prevKv], ['bigint', undefined]),
    stored: one,
  },
  "etcd3.put('k').value(42)": writes('42'),
  "etcd3.put('k').value('v').lease(leaseId)": {
    both: async (_: unknown, { admin }) => assert.notEqual((await admin.kv.get('k')).kv?.lease, 0n),
    stored: one,
  },
  "etcd3.put('k').value('v').ignoreLease()": { given: { k: 'old' }, both: keepsLease, stored: one },
  "etcd3.put('k').value('v').getPrevious()": {
    given: { k: 'old' },
    both: ({ value }: { readonly value: Buffer }) => assert.equal(value.toString(), 'old'),
    stored: one,
  },
  "etcd3.put('k').touch()": {
    given: one,
    both: async (_: unknown, { admin }) => assert.equal((await admin.kv.get('k')).kv?.version, 2n),
    stored: one,
  },
  "etcd3.put('k').value('v').options({ deadline: Date.now() + 5_000 })": writes('v'),
  "etcd3.put('k').value('v').op()": {
    etcd3: { request_put: { key: 'k', value: 'v' } },
    ours: { type: 'put', key: 'k', value: 'v', options: {} },
    stored: {},
  },
};

const deletes = (stored: Readonly<Record<string, string>>): Case => ({
  given: { ...three, k: 'v' },
  both: anything,
  stored,
});

const deleting: Cases = {
  "etcd3.delete().key('k')": deletes(three),
  "etcd3.delete().key('k').exec()": {
    given: one,
    etcd3: ({ deleted }: PeerAnswer) => assert.equal(deleted, '1'),
    ours: ({ deleted }: { readonly deleted: bigint }) => assert.equal(deleted, 1n),
    stored: {},
  },
  "etcd3.delete().prefix('p/')": deletes(one),
  "etcd3.delete().range(etcd3.range({ start: 'p/a', end: 'p/c' }))": deletes({ 'p/c': '3', k: 'v' }),
  "etcd3.delete().inRange({ start: 'p/a', end: 'p/c' })": deletes({ 'p/c': '3', k: 'v' }),
  'etcd3.delete().all()': deletes({}),
  "etcd3.delete().key('k').getPrevious()": {
    given: one,
    both: (kvs: readonly { readonly value: Buffer }[]) =>
      assert.deepEqual(
        kvs.map(({ value }) => value.toString()),
        ['v'],
      ),
    stored: {},
  },
  "etcd3.delete().key('k').options({ deadline: Date.now() + 5_000 })": deletes(three),
  "etcd3.delete().key('k').op()": {
    given: one,
    etcd3: { request_delete_range: { key: 'k' } },
    ours: { type: 'delete', range: 'k', options: {} },
    stored: one,
  },
};

interface PeerTxn {
  readonly succeeded: boolean;
  readonly responses: readonly { readonly response_range: PeerAnswer }[];
}
const succeeds: Check = ({ succeeded }: PeerTxn) => assert.equal(succeeded, true);

const transactions: Cases = {
  "etcd3.if('k', 'Create', '==', 0).then(etcd3.put('k').value('v')).commit()": {
    both: succeeds,
    stored: one,
  },
  "etcd3.if('k', 'Version', '>', 1).then(etcd3.get('k')).else(etcd3.get('other')).commit()": {
    given: { k: 'v', other: 'o' },
    etcd3: ({ succeeded, responses }: PeerTxn) =>
      assert.deepEqual([succeeded, responses[0]?.response_range.kvs[0]?.value.toString()], [false, 'o']),
    ours: ({ succeeded, results: [answer] }: TxnResult) => {
      assert.ok(answer?.type === 'range');
      assert.deepEqual([succeeded, answer.kvs[0]?.value.toString()], [false, 'o']);
    },
  },
  "etcd3.if('k', 'Value', '!=', 'v').and('k', 'Mod', '<', 1_000_000).then(etcd3.delete().key('k')).commit()":
    {
      given: { k: 'other' },
      both: succeeds,
      stored: {},
    },
  "etcd3.if('k', 'Lease', '===', 0).commit()": { given: one, both: succeeds },
  "etcd3.if('k', 'Version', '==', 0).options({ deadline: Date.now() + 5_000 }).commit()": { both: succeeds },
  "Promise.all(etcd3.if('k', 'Version', '==', 0).mapOperations([etcd3.get('k')]))": {
    etcd3: [{ request_range: { key: 'k', limit: 1 } }],
    ours: [{ type: 'range', range: 'k', options: {} }],
  },
  "comparator['==']": { etcd3: anything, ours: '=' },
  'compareTarget.Mod': { etcd3: 'mod_revision', ours: 'mod' },
};

const keyRanges: Cases = {
  "etcd3.range({ prefix: 'p/' })": { etcd3: { start: 'p/', end: 'p0' }, ours: { prefix: 'p/' } },
  "Range.prefix('p/')": { etcd3: { start: 'p/', end: 'p0' }, ours: { prefix: 'p/' } },
  "Range.from({ start: 'a', end: 'c' })": {
    etcd3: { start: 'a', end: 'c' },
    ours: { key: 'a', rangeEnd: 'c' },
  },
  "Range.from('k').start": { both: 'k' },
  "Range.from({ start: 'a', end: 'c' }).end": { both: 'c' },
  "Range.prefix('p/').includes('p/a')": { both: true },
  "Range.prefix('a/').compare(Range.prefix('b/'))": { both: -1 },
};

const inNamespace = { 'ns/k': 'v', other: 'o' };
interface Keyed {
  readonly key: Buffer;
}

const namespaces: Cases = {
  "etcd3.namespace('ns/').put('k').value('v')": { both: anything, stored: { 'ns/k': 'v' } },
  "etcd3.namespace('ns/').get('k').exec()": {
    given: inNamespace,
    etcd3: ({ kvs }: PeerAnswer) => assert.equal(String(kvs[0]?.key), 'ns/k'),
    ours: ({ kv }: GetResult) => assert.equal(String(kv?.key), 'k'),
  },
  "etcd3.namespace('ns/').getAll().exec()": {
    given: inNamespace,
    both: ({ kvs }: { readonly kvs: readonly Keyed[] }) =>
      assert.deepEqual(
        kvs.map(({ key }) => String(key)),
        ['k'],
      ),
  },
  "etcd3.namespace('ns/').delete().key('k').getPrevious()": {
    given: inNamespace,
    etcd3: ([kv]: readonly Keyed[]) => assert.equal(String(kv?.key), 'ns/k'),
    ours: ([kv]: readonly Keyed[]) => assert.equal(String(kv?.key), 'k'),
    stored: { other: 'o' },
  },
  "etcd3.namespace('ns/').if('k', 'Version', '==', 0).commit()": { given: { k: 'outside' }, both: succeeds },
  "etcd3.namespace('ns/').watch().key('k').create()": {
    etcd3: ({ request }: { request: Keyed }) => assert.equal(String(request.key), 'ns/k'),
    ours: (revision: bigint) => assert.ok(revision > 0n),
  },
  "etcd3.namespace('ns/').lease(60).put('k').value('v')": {
    both: async (_: unknown, { admin }) => assert.notEqual((await admin.kv.get('ns/k')).kv?.lease, 0n),
    stored: { 'ns/k': 'v' },
  },
  "etcd3.namespace('ns/').namespace('sub/').range('k')": {
    etcd3: { start: 'k', end: '' },
    ours: { key: 'k' },
  },
};

export const kvCases: Cases = {
  ...reading,
  ...ranges,
  ...writing,
  ...deleting,
  ...transactions,
  ...keyRanges,
  ...namespaces,
};
