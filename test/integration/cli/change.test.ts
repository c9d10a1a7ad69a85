import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { compare, op } from '#src/kv/index.js';
import { register } from '#src/naming/index.js';
import { until } from '#src/testing/wait.js';
import { useEtcd } from '../../support/etcd.js';
import { grantRawLease } from '../../support/raw-lease.js';
import { Commands, skipWithoutScript } from './support.js';

describe('etcd-naming add, rm and drain', () => {
  const etcd = useEtcd();
  const commands = new Commands(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  let target: string;
  let round = 0;

  beforeEach(() => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    target = `${etcd().prefix}change-${++round}`;
  });

  afterEach(() => client.close());

  const stored = async (id: string) => (await client.kv.get(`${target}/${id}`)).kv;
  const value = async (id: string) => (await stored(id))?.value.toString();

  it('stores a record for good, in Go’s bytes, and says that it stays', async () => {
    const { code, stdout, stderr } = await commands.run('add', target, '10.0.0.1:50051');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /stored .* for good: it stays until somebody deletes it/);
    assert.equal(await value('10.0.0.1:50051'), '{"Op":0,"Addr":"10.0.0.1:50051","Metadata":null}');
    assert.equal((await stored('10.0.0.1:50051'))?.lease, 0n);
  });

  it('puts weight and zone into the metadata that is given', async () => {
    const metadata = '{"version":"2.1","a":"<b>"}';
    const args = ['--id', 'e1', '--weight', '2.5', '--zone', 'z', '--metadata', metadata];
    await commands.run('add', target, '10.0.0.1:50051', ...args);
    assert.equal(
      await value('e1'),
      '{"Op":0,"Addr":"10.0.0.1:50051","Metadata":{"a":"\\u003cb\\u003e","version":"2.1","weight":2.5,"zone":"z"}}',
    );
  });

  it('stores a record for a time, and says that nothing keeps it alive', async () => {
    const { stdout } = await commands.run('add', target, '10.0.0.1:1', '--id', 'e1', '--ttl', '300');
    assert.match(stdout, /for 300 s by the lease [0-9a-f]+, which nothing keeps alive/);
    const lease = (await stored('e1'))?.lease ?? 0n;
    assert.equal((await client.lease.timeToLive(lease))?.grantedSeconds, 300);
    assert.ok(stdout.includes(lease.toString(16)), 'the lease is named as etcdctl names it');
  });

  it('leaves a record alone that is there, and its own lease not behind', async () => {
    await commands.run('add', target, '10.0.0.1:1', '--id', 'e1');
    const before = await stored('e1');
    const revoked = await etcd().metric('etcd_debugging_lease_revoked_total');
    const { code, stdout, stderr } = await commands.run(
      'add',
      target,
      '10.0.0.2:2',
      '--id',
      'e1',
      '--ttl',
      '999',
    );
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /is there already: .*10\.0\.0\.1:1.*; --force writes over it/);
    assert.deepEqual(await stored('e1'), before);
    if (etcd().canBreak) assert.equal(await etcd().metric('etcd_debugging_lease_revoked_total'), revoked + 1);
  });

  it('writes over it with --force, and warns of an owner that may live', async () => {
    await commands.run('add', target, '10.0.0.1:1', '--id', 'e1', '--ttl', '300');
    const { code, stderr } = await commands.run('add', target, '10.0.0.2:2', '--id', 'e1', '--force');
    assert.equal(code, 0);
    assert.match(stderr, /warning: the record that was there has a lease that is alive/);
    assert.match((await value('e1')) ?? '', /10\.0\.0\.2:2/);
  });

  for (const [args, text] of [
    [['no address'], /'no address' cannot be dialled: it has a space/],
    [['host:99999'], /'host:99999' cannot be dialled: port 99999 is over 65535/],
    [['10.0.0.1:1', '--metadata', '{'], /--metadata is no JSON/],
    [['10.0.0.1:1', '--metadata', '"x"', '--zone', 'z'], /metadata that is an object/],
    [['10.0.0.1:1', '--weight', '-1'], /--weight/],
    [['10.0.0.1:1', '--weight=-1'], /--weight is '-1'; it must be a number of at least 0/],
    [['10.0.0.1:1', '--ttl', '0.5'], /--ttl is '0.5'; it must be a whole number from 1/],
    [['10.0.0.1:1', '--ttl', '1.5'], /ttl/i],
    [['10.0.0.1:1', '--id', ''], /the id is empty/],
  ] as const) {
    it(`refuses add ${args.join(' ')} as wrong usage, and stores nothing`, async () => {
      const { code, stderr } = await commands.run('add', target, ...args);
      assert.match(stderr, text);
      assert.equal(code, 2);
      assert.equal((await client.kv.range({ prefix: target })).count, 0n);
    });
  }

  it('deletes a record', async () => {
    await commands.run('add', target, '10.0.0.1:1', '--id', 'e1');
    const { code, stdout, stderr } = await commands.run('rm', target, 'e1');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^deleted .*\/e1, revision \d+\n$/);
    assert.equal(await stored('e1'), undefined);
    assert.equal((await commands.run('rm', target, 'e1')).code, 1);
  });

  describe('of a registration that lives', () => {
    const addr = '10.0.0.7:50051';

    it('warns that the record comes back, and it does', async () => {
      await using registration = await register(client, { target, id: 'e1', addr });
      const { code, stderr } = await commands.run('rm', target, 'e1');
      assert.equal(code, 0);
      assert.match(stderr, /if its owner lives, the record will come back; .*etcd-naming drain .* e1/);
      await until('it is back', { timeoutMs: 10_000 }, () => registration.registrationCount === 2);
    });

    it('revokes the lease, too, when told to', async () => {
      await using registration = await register(client, { target, id: 'e1', addr });
      const { lease } = registration;
      const { stdout } = await commands.run('rm', target, 'e1', '--revoke');
      assert.match(stdout, /its lease [0-9a-f]+ is revoked/);
      assert.equal(await client.lease.timeToLive(lease ?? 0n), undefined);
    });

    it('marks it in place, its owner adopts that, and the mark can be taken away', async () => {
      const endpoint = { addr, metadata: { weight: 2 } };
      await using registration = await register(client, { target, id: 'e1', ...endpoint });
      const { lease } = registration;
      assert.match((await commands.run('drain', target, 'e1')).stdout, /is now draining, revision \d+/);
      assert.equal((await stored('e1'))?.lease, lease);
      const marked = { addr, metadata: { status: 'draining', weight: 2 } };
      await until('adopted', { timeoutMs: 10_000 }, () =>
        JSON.stringify(registration.endpoint).includes('draining'),
      );
      assert.deepEqual(registration.endpoint, marked);
      assert.match((await commands.run('drain', target, 'e1')).stdout, /was draining, and is left as it is/);
      await commands.run('drain', target, 'e1', '--undo');
      assert.equal(await value('e1'), `{"Op":0,"Addr":"${addr}","Metadata":{"weight":2}}`);
      assert.equal((await stored('e1'))?.lease, lease);
    });
  });

  it('revokes a lease with a negative id, which it names as etcdctl does', async () => {
    await grantRawLease(etcd().endpoints[0]!, -0x4dn, 300n);
    await client.kv.put(`${target}/e1`, '{"Addr":"10.0.0.1:1"}', { lease: -0x4dn });
    const { endpoints } = await commands.json<{ endpoints: object[] }>('ls', target);
    assert.deepEqual(
      endpoints
        .map((one) => ({ ...one, remainingSeconds: 0 }))
        .map((one) => Object.entries(one).filter(([name]) => /lease|ttl/i.test(name))),
      [
        [
          ['lease', '-77'],
          ['leaseState', 'alive'],
          ['ttlSeconds', 300],
        ],
      ],
    );
    const { code, stdout } = await commands.run('rm', target, 'e1', '--revoke');
    assert.equal(code, 0);
    assert.match(stdout, /its lease -00000000000004d is revoked/);
    assert.equal((await client.lease.list()).includes(-0x4dn), false);
  });

  it('says so when there is no lease to revoke', async () => {
    await client.kv.put(`${target}/e1`, '{"Addr":"10.0.0.1:1"}');
    const { code, stdout } = await commands.run('rm', target, 'e1', '--revoke');
    assert.equal(code, 0);
    assert.match(stdout, /; it had no lease to revoke\n$/);
  });

  it('does not revoke a lease that other keys live by, unless forced', async () => {
    const lease = await client.lease.grant({ ttlSeconds: 300 });
    await client.kv.put(`${target}/e1`, '{"Addr":"10.0.0.1:1"}', { lease: lease.id });
    await client.kv.put(`${target}-else`, 'x', { lease: lease.id });
    const refused = await commands.run('rm', target, 'e1', '--revoke');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /has 1 other key, such as '.*-else'; --force/);
    assert.ok(await stored('e1'), 'nothing is deleted');
    assert.equal((await commands.run('rm', target, 'e1', '--revoke', '--force')).code, 0);
    assert.equal((await client.kv.get(`${target}-else`)).kv, undefined);
  });

  it('gives the mark to a record without metadata, and takes it back without a trace', async () => {
    await commands.run('add', target, '10.0.0.1:1', '--id', 'e1');
    const before = await value('e1');
    await commands.run('drain', target, 'e1');
    assert.match((await value('e1')) ?? '', /"Metadata":\{"status":"draining"\}/);
    await commands.run('drain', target, 'e1', '--undo');
    assert.equal(await value('e1'), before);
  });

  it('never undoes what the owner writes at the same moment', async () => {
    await client.kv.put(`${target}/e1`, '{"Addr":"10.0.0.1:1","Metadata":{"n":0}}');
    const seen: number[] = [];
    const watcher = client.watch(`${target}/e1`);
    await watcher.ready;
    const writing = new AbortController();
    const writes = writeUntil(client, `${target}/e1`, writing.signal);
    const ended = await commands.run('drain', target, 'e1');
    writing.abort();
    const last = await writes;
    for await (const { events, nextRevision } of watcher) {
      for (const { kv } of events) seen.push(JSON.parse(kv.value.toString()).Metadata.n);
      if (nextRevision > last) break;
    }
    const sorted = [...seen].sort((a, b) => a - b);
    assert.deepEqual(seen, sorted, 'an older count was written over a newer one');
    assert.ok(seen.length > 10, `only ${seen.length} writes`);
    // Whoever always loses says so.
    if (ended.code !== 0) assert.match(ended.stderr, /changed each time between reading and writing it/);
  });

  it('does not throw metadata away that has no place for the mark', async () => {
    await commands.run('add', target, '10.0.0.1:1', '--id', 'e1', '--metadata', '"text"');
    const before = await value('e1');
    const { code, stderr } = await commands.run('drain', target, 'e1');
    assert.equal(code, 1);
    assert.match(stderr, /is no object, so there is no place for the mark/);
    assert.equal(await value('e1'), before);
  });

  it('tells machines what was done as JSON, and people on a terminal as text', async function () {
    const added = await commands.json<Record<string, unknown>>('add', target, '10.0.0.1:1', '--id', 'e1');
    assert.equal(added['key'], `${target}/e1`);
    assert.match(String(added['revision']), /^\d+$/);
    const drained = await commands.json<Record<string, unknown>>('drain', target, 'e1');
    assert.deepEqual([drained['draining'], drained['changed']], [true, true]);
    await skipWithoutScript(this);
    const { code, stdout } = await commands.startOnTerminal('rm', target, 'e1').ended;
    assert.equal(code, 0);
    assert.match(stdout, /deleted .*\/e1, revision \d+/);
  });

  it('refuses to write integers back that a JavaScript number cannot hold', async () => {
    const text =
      '{"Op":0,"Addr":"10.0.0.1:1","Metadata":{"build":9007199254740993,"note":"12345678901234567890"}}';
    await client.kv.put(`${target}/e1`, text);
    const drained = await commands.run('drain', target, 'e1');
    assert.equal(drained.code, 1);
    assert.match(drained.stderr, /the integer 9007199254740993 is beyond 2\^53/);
    assert.equal(await value('e1'), text);
    const added = await commands.run('add', target, '10.0.0.2:1', '--metadata', '{"a":-9007199254740993}');
    assert.equal(added.code, 1);
    await commands.run(
      'add',
      target,
      '10.0.0.3:1',
      '--id',
      'e3',
      '--metadata',
      '{"a":1e300,"b":9007199254740991}',
    );
    assert.match((await value('e3')) ?? '', /"b":9007199254740991/);
  });

  it('drains no record without an address', async () => {
    await client.kv.put(`${target}/e1`, '{"Op":0}');
    const { code, stderr } = await commands.run('drain', target, 'e1');
    assert.equal(code, 1);
    assert.match(stderr, /has no address/);
  });
});

/** An owner that counts in its metadata, as fast as it can, and leaves a mark that it finds; gives the last revision. */
async function writeUntil(client: EtcdClient, key: string, signal: AbortSignal): Promise<bigint> {
  let last = 0n;
  while (!signal.aborted) {
    const { kv } = await client.kv.get(key);
    const record = JSON.parse(kv!.value.toString());
    record.Metadata.n++;
    const result = await client.kv.txn({
      compare: [compare.modRevision(key, '=', kv!.modRevision)],
      success: [op.put(key, JSON.stringify(record))],
    });
    if (result.succeeded) last = result.revision;
  }
  return last;
}
