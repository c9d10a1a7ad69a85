import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type Endpoint, EndpointManager, type EndpointRecord, type JsonValue } from '#src/naming/index.js';
import { useEtcd } from '../support/etcd.js';
import { Etcdctl } from '../support/etcdctl.js';
import { eventually } from '../support/eventually.js';
import { Opened } from '../support/naming/opened.js';
import { GoNaming, type GoRecord, goOrSkip } from './support/go-naming.js';
import { addResult } from './support/table.js';

interface Corpus {
  readonly encode: readonly { readonly name: string; readonly input: string; readonly stored: string }[];
  readonly decode: readonly {
    readonly name: string;
    readonly text?: string;
    readonly hex?: string;
    readonly result?: object;
  }[];
}

const file = new URL('../../../test/unit/naming/codec/go-corpus.json', import.meta.url);
const corpus = JSON.parse(readFileSync(file, 'utf8')) as Corpus;

/** JSON cannot carry half a surrogate pair to Go; the unit tests cover what Go writes for it. */
const endpoints = corpus.encode.filter(({ name }) => !name.startsWith('half a surrogate'));

const further: readonly (readonly [string, string])[] = [
  ['empty', '{}'],
  ['an empty list', '[]'],
  ['an empty text', '""'],
  [
    'numbers at the limits',
    '[1e21,1e-7,-0,1e20,0.000001,123456789012345678901234567890,-1e-300,9007199254740993]',
  ],
  ['thirty levels', `${'{"a":['.repeat(15)}null${']}'.repeat(15)}`],
  ['the fields that gRPC uses', '{"weight":3,"zone":"eu-west-1a","status":"draining"}'],
];

const plain = ({ addr, metadata = null }: Endpoint | EndpointRecord | GoRecord) => ({ addr, metadata });

describe('endpoints written by one side and read by the other', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const opened = new Opened();
  let target: string;
  let manager: EndpointManager;
  let go: GoNaming;

  before(function () {
    return goOrSkip(this);
  });

  beforeEach(async () => {
    const client = opened.client(etcd().endpoints);
    target = `${etcd().prefix}bytes-${process.hrtime.bigint()}`;
    manager = new EndpointManager(client, target);
    go = opened.add(await GoNaming.start(etcd().endpoints), (program) => program.close());
  });

  afterEach(() => opened.close());

  /** The stored bytes by id. */
  async function stored(): Promise<Map<string, Buffer>> {
    const client = opened.client(etcd().endpoints);
    const { kvs } = await client.kv.range({ prefix: `${target}/` });
    return new Map(kvs.map(({ key, value }) => [key.toString().slice(target.length + 1), value]));
  }

  it('have the same bytes, and both sides decode them alike', async () => {
    const all = [
      ...endpoints.map(({ name, input }) => {
        const metadata = /"metadata":(.*)\}$/s.exec(input)?.[1] ?? 'null';
        return { name, metadata, endpoint: JSON.parse(input) as Endpoint };
      }),
      ...further.map(([name, metadata]) => ({
        name,
        metadata,
        endpoint: { addr: '10.0.0.7:50051', metadata: JSON.parse(metadata) as JsonValue },
      })),
    ];
    const id = (i: number, side: string) => `${target}/${i}-${side}`;
    await go.update(
      target,
      all.map(({ endpoint: { addr }, metadata }, i) => ({ op: 'add', key: id(i, 'go'), addr, metadata })),
    );
    await manager.update(all.map(({ endpoint }, i) => ({ op: 'add', key: id(i, 'ours'), endpoint })));

    const values = await stored();
    const goReads = await go.list(target);
    const weRead = await manager.list();
    assert.equal(goReads.size, 2 * all.length);
    for (const [i, { name, endpoint }] of all.entries()) {
      assert.equal(values.get(`${i}-ours`)?.toString(), values.get(`${i}-go`)?.toString(), name);
      const expected = plain(endpoint);
      for (const side of ['go', 'ours']) {
        assert.deepEqual(plain(goReads.get(id(i, side))!), expected, `${name}: as Go decodes it, ${side}`);
        assert.deepEqual(plain(weRead.get(id(i, side))!), expected, `${name}: as we decode it, ${side}`);
      }
    }
    const count = `${all.length} endpoints: escapes, U+2028, nesting, numbers, Unicode, null`;
    addResult({ wrote: 'Go `endpoints`', what: count, read: 'ours', bytes: 'yes', result: 'same endpoints' });
    addResult({ wrote: 'ours', what: count, read: 'Go `endpoints`', bytes: 'yes', result: 'same endpoints' });
  });

  it('keep the member order and the base64 bytes of a Go struct', async () => {
    const key = `${target}/typed`;
    await go.update(target, [{ op: 'add', key, addr: 'a:1', typed: true }]);
    const record = (await manager.list()).get(key);
    assert.equal(
      (await stored()).get('typed')?.toString(),
      '{"Op":0,"Addr":"a:1","Metadata":{"zone":"eu","weight":3,"labels":{"a":"1","b":"\\u003c2\\u003e"},"Exact":9223372036854775809,"Bytes":"AP8="}}',
    );
    // The number exceeds 2^53: both JavaScript and Go decode it as the nearest float64.
    const metadata = { zone: 'eu', weight: 3, labels: { a: '1', b: '<2>' }, Exact: 2 ** 63, Bytes: 'AP8=' };
    assert.deepEqual(record?.metadata, metadata);
    assert.deepEqual((await go.list(target)).get(key)?.metadata, metadata);
    addResult({
      wrote: 'Go `endpoints`',
      what: 'a struct as metadata',
      read: 'ours',
      bytes: 'no: Go keeps the order of its members, ours are sorted',
      result: 'same endpoint; integers beyond 2^53 rounded, as by Go',
    });
  });

  it('are deleted with their lease, whichever side granted it', async () => {
    const client = opened.client(etcd().endpoints);
    const goLease = await go.grant(60);
    const ours = await client.lease.grant({ ttlSeconds: 60 });
    await manager.addEndpoint(`${target}/ours`, { addr: 'a:1' }, { lease: BigInt(goLease) });
    const lease = String(ours.id);
    await go.update(target, [{ op: 'add', key: `${target}/go`, addr: 'b:1', lease }]);
    const records = await manager.list();
    assert.equal(records.get(`${target}/ours`)?.lease, BigInt(goLease));
    assert.equal(records.get(`${target}/go`)?.lease, ours.id);
    await client.lease.revoke(BigInt(goLease));
    assert.deepEqual([...(await go.list(target)).keys()], [`${target}/go`]);
    await client.lease.revoke(ours.id);
    assert.equal((await go.list(target)).size, 0);
  });

  it("are rejected by both; our text begins with Go's and adds the value", async () => {
    const outside = [{ op: 'add', key: 'elsewhere/1', addr: 'a:1' }] as const;
    const refused = await go.update(target, outside).catch((error) => error);
    assert.equal(refused.code, 'InvalidArgument');
    await assert.rejects(manager.addEndpoint('elsewhere/1', { addr: 'a:1' }), beginsAs(refused));
    const bad = await go.update(target, [{ op: 'bad', key: `${target}/1` }]).catch((error) => error);
    const unknownOp = [{ op: 'bad' as 'delete', key: `${target}/1` }] as const;
    await assert.rejects(manager.update(unknownOp), beginsAs(bad));
    const none = await go.list('').catch((error) => error);
    assert.throws(() => new EndpointManager(opened.client(etcd().endpoints), ''), beginsAs(none));
  });

  describe('of any value', () => {
    it('are decoded or skipped alike by both, in lists and watches', async () => {
      const watch = await go.watch(target);
      const view = opened.view(manager);
      const client = opened.client(etcd().endpoints);
      const cases = corpus.decode.filter(({ text, hex }) => (text ?? hex) !== undefined);
      for (const [i, { text, hex }] of cases.entries())
        await client.kv.put(`${target}/${i}`, text ?? Buffer.from(hex ?? '', 'hex'));
      await client.kv.put(`${target}/~`, '{"Addr":"end:1"}');
      await eventually('both have received the last value', () =>
        [watch.records, view.endpoints].every((seen) => seen.has(`${target}/~`)),
      );

      const listed = await go.list(target);
      const ours = await manager.list();
      const differing: string[] = [];
      for (const [i, { name, result }] of cases.entries()) {
        const key = `${target}/${i}`;
        const goReads = listed.get(key);
        const weRead = ours.get(key);
        assert.equal(
          goReads !== undefined,
          result !== undefined,
          `${name}: the corpus is of another Go version`,
        );
        assert.deepEqual(watch.records.get(key), goReads, `${name}: Go's list and watch differ`);
        assert.deepEqual(view.endpoints.get(key), weRead, `${name}: our list and watch differ`);
        if (!isDeepStrictEqual(goReads && plain(goReads), weRead && plain(weRead))) differing.push(name);
      }
      assert.deepEqual(differing, []);
      addResult({
        wrote: 'by hand (`etcdctl put`)',
        what: `${cases.length} values, well-formed and malformed`,
        read: 'both',
        bytes: 'n/a',
        result: 'decoded or skipped alike',
      });
    });

    it('are removed from our view when they become undecodable, while Go keeps the last valid value', async () => {
      const watch = await go.watch(target);
      const view = opened.view(manager);
      const client = opened.client(etcd().endpoints);
      await client.kv.put(`${target}/1`, '{"Addr":"a:1"}');
      await view.untilEndpointsAre('a:1');
      await client.kv.put(`${target}/1`, 'not JSON');
      await client.kv.put(`${target}/2`, '{"Addr":"b:1"}');
      await view.untilEndpointsAre('b:1');
      await eventually('Go has received the change', () => watch.records.has(`${target}/2`));
      assert.deepEqual([...watch.records.values()].map(({ addr }) => addr).sort(), ['a:1', 'b:1']);
      assert.equal((await go.list(target)).size, 1);
      addResult({
        wrote: 'by hand (`etcdctl put`)',
        what: 'a value that is not an endpoint, in place of an endpoint',
        read: 'both',
        bytes: 'n/a',
        result: 'ours: the endpoint is removed; Go: removed from `List`, stays in the watch',
      });
    });
  });

  describe('with etcdctl', () => {
    it('are shown as stored, and read as put', async function () {
      const ctl = Etcdctl.orSkip(this, etcd());
      for (const [i, { name, input, stored }] of endpoints.entries()) {
        await manager.addEndpoint(`${target}/${i}`, JSON.parse(input) as Endpoint);
        assert.equal(await ctl.value(`${target}/${i}`), stored, name);
      }
      const weRead = await manager.list();
      for (const [i, { name, input }] of endpoints.entries()) {
        assert.deepEqual(plain(weRead.get(`${target}/${i}`)!), plain(JSON.parse(input) as Endpoint), name);
        await ctl.run('put', `${target}/put-${i}`, '--', endpoints[i]!.stored);
      }
      const values = await stored();
      const reread = await manager.list();
      for (const [i, { name }] of endpoints.entries()) {
        assert.deepEqual(values.get(`put-${i}`), values.get(`${i}`), name);
        assert.deepEqual(
          plain(reread.get(`${target}/put-${i}`)!),
          plain(weRead.get(`${target}/${i}`)!),
          name,
        );
      }
      const what = `${endpoints.length} endpoints`;
      addResult({ wrote: 'ours', what, read: '`etcdctl get`', bytes: 'yes', result: 'shown as stored' });
      addResult({ wrote: '`etcdctl put`', what, read: 'ours', bytes: 'yes', result: 'same endpoints' });
    });
  });
});

/** Whether an error's text begins with Go's, which has its code in front. */
function beginsAs({ message }: Error): (error: Error) => boolean {
  const text = (whole: string) => whole.replace(/^.*desc = |^INVALID_ARGUMENT: /, '');
  return (error) => text(error.message).startsWith(text(message));
}
