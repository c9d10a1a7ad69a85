import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { compare, op } from '#src/kv/index.js';
import { register } from '#src/naming/index.js';
import { until } from '#src/testing/wait.js';
import { useEtcd } from '../../support/etcd.js';
import { grantRawLease } from '../../support/raw-lease.js';
import { CommandRunner, skipWithoutScript } from './support.js';

describe('etcd-naming add, rm and drain', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
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

  it('stores a permanent record in Go’s format, and prints that it stays', async () => {
    const { code, stdout, stderr } = await commands.run('add', target, '10.0.0.1:50051');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /stored .* permanently, until it is deleted/);
    assert.equal(await value('10.0.0.1:50051'), '{"Op":0,"Addr":"10.0.0.1:50051","Metadata":null}');
    assert.equal((await stored('10.0.0.1:50051'))?.lease, 0n);
  });

  it('adds weight and zone to the given metadata', async () => {
    const metadata = '{"version":"2.1","a":"<b>"}';
    const args = ['--id', 'e1', '--weight', '2.5', '--zone', 'z', '--metadata', metadata];
    await commands.run('add', target, '10.0.0.1:50051', ...args);
    assert.equal(
      await value('e1'),
      '{"Op":0,"Addr":"10.0.0.1:50051","Metadata":{"a":"\\u003cb\\u003e","version":"2.1","weight":2.5,"zone":"z"}}',
    );
  });

  it('stores a record with a lease, and prints that nothing renews it', async () => {
    const { stdout } = await commands.run('add', target, '10.0.0.1:1', '--id', 'e1', '--ttl', '300');
    assert.match(stdout, /for 300 s with the lease [0-9a-f]+, which nothing renews/);
    const lease = (await stored('e1'))?.lease ?? 0n;
    assert.equal((await client.lease.timeToLive(lease))?.grantedSeconds, 300);
    assert.ok(stdout.includes(lease.toString(16)), 'the lease id is printed as etcdctl prints it');
  });

  it('does not change an existing record, and revokes the lease that it granted', async () => {
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
    assert.match(stderr, /already exists: .*10\.0\.0\.1:1.*; --force overwrites it/);
    assert.deepEqual(await stored('e1'), before);
    if (etcd().canBreak) assert.equal(await etcd().metric('etcd_debugging_lease_revoked_total'), revoked + 1);
  });

  it('overwrites a record with --force, and warns if the lease of its owner is alive', async () => {
    await commands.run('add', target, '10.0.0.1:1', '--id', 'e1', '--ttl', '300');
    const { code, stderr } = await commands.run('add', target, '10.0.0.2:2', '--id', 'e1', '--force');
    assert.equal(code, 0);
    assert.match(stderr, /warning: the lease of the previous record is alive/);
    assert.match((await value('e1')) ?? '', /10\.0\.0\.2:2/);
  });

  for (const [args, text] of [
    [['no address'], /'no address' cannot be dialled: it has a space/],
    [['host:99999'], /'host:99999' cannot be dialled: port 99999 is over 65535/],
    [['10.0.0.1:1', '--metadata', '{'], /--metadata is not JSON/],
    [['10.0.0.1:1', '--metadata', '"x"', '--zone', 'z'], /metadata that is an object/],
    [['10.0.0.1:1', '--weight', '-1'], /--weight/],
    [['10.0.0.1:1', '--weight=-1'], /--weight is '-1'; it must be a number from 0 to 9007199254740991/],
    [['10.0.0.1:1', '--ttl', '0.5'], /--ttl is '0.5'; it must be a whole number from 1/],
    [['10.0.0.1:1', '--ttl', '1.5'], /ttl/i],
    [['10.0.0.1:1', '--id', ''], /the id is empty/],
  ] as const) {
    it(`rejects add ${args.join(' ')} as wrong usage, and stores nothing`, async () => {
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

  describe('on the record of a running registration', () => {
    const addr = '10.0.0.7:50051';

    it('rm warns that the owner stores the record again, and the owner does so', async () => {
      await using registration = await register(client, { target, id: 'e1', addr });
      const { code, stderr } = await commands.run('rm', target, 'e1');
      assert.equal(code, 0);
      assert.match(
        stderr,
        /if its owner is running, it will store the record again; .*etcd-naming drain .* e1/,
      );
      await until(
        'the record is stored again',
        { timeoutMs: 10_000 },
        () => registration.registrationCount === 2,
      );
    });

    it('rm revokes the lease with --revoke', async () => {
      await using registration = await register(client, { target, id: 'e1', addr });
      const { lease } = registration;
      const { stdout } = await commands.run('rm', target, 'e1', '--revoke');
      assert.match(stdout, /its lease [0-9a-f]+ was revoked/);
      assert.equal(await client.lease.timeToLive(lease ?? 0n), undefined);
    });

    it('drain marks the record in place, the owner adopts the mark, and --undo removes it', async () => {
      const endpoint = { addr, metadata: { weight: 2 } };
      await using registration = await register(client, { target, id: 'e1', ...endpoint });
      const { lease } = registration;
      assert.match((await commands.run('drain', target, 'e1')).stdout, /is now draining, revision \d+/);
      assert.equal((await stored('e1'))?.lease, lease);
      const marked = { addr, metadata: { status: 'draining', weight: 2 } };
      await until('the owner adopted the mark', { timeoutMs: 10_000 }, () =>
        JSON.stringify(registration.endpoint).includes('draining'),
      );
      assert.deepEqual(registration.endpoint, marked);
      assert.match(
        (await commands.run('drain', target, 'e1')).stdout,
        /was already draining; nothing changed/,
      );
      await commands.run('drain', target, 'e1', '--undo');
      assert.equal(await value('e1'), `{"Op":0,"Addr":"${addr}","Metadata":{"weight":2}}`);
      assert.equal((await stored('e1'))?.lease, lease);
    });
  });

  it('revokes a lease with a negative id, and prints the id as etcdctl does', async () => {
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
    assert.match(stdout, /its lease -00000000000004d was revoked/);
    assert.equal((await client.lease.list()).includes(-0x4dn), false);
  });

  it('prints that there is no lease to revoke', async () => {
    await client.kv.put(`${target}/e1`, '{"Addr":"10.0.0.1:1"}');
    const { code, stdout } = await commands.run('rm', target, 'e1', '--revoke');
    assert.equal(code, 0);
    assert.match(stdout, /; it had no lease to revoke\n$/);
  });

  it('revokes a lease that has other keys only with --force', async () => {
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

  it('marks a record without metadata, and restores its value with --undo', async () => {
    await commands.run('add', target, '10.0.0.1:1', '--id', 'e1');
    const before = await value('e1');
    await commands.run('drain', target, 'e1');
    assert.match((await value('e1')) ?? '', /"Metadata":\{"status":"draining"\}/);
    await commands.run('drain', target, 'e1', '--undo');
    assert.equal(await value('e1'), before);
  });

  it('does not overwrite a concurrent change of the owner', async () => {
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
    // With a conflict at each attempt the command fails.
    if (ended.code !== 0) assert.match(ended.stderr, /changed between each read and write/);
  });

  it('refuses to mark a record whose metadata is not an object', async () => {
    await commands.run('add', target, '10.0.0.1:1', '--id', 'e1', '--metadata', '"text"');
    const before = await value('e1');
    const { code, stderr } = await commands.run('drain', target, 'e1');
    assert.equal(code, 1);
    assert.match(stderr, /is not an object, so it cannot contain the mark/);
    assert.equal(await value('e1'), before);
  });

  it('prints the result as JSON with --json, and as text on a terminal', async function () {
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

  it('refuses to write integers that a JavaScript number cannot represent', async () => {
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

  it('drains a record with members that Go does not know, and names what is lost', async () => {
    await client.kv.put(`${target}/e1`, '{"addr":"10.0.0.7:1","secret":"s","Metadata":{"a":1}}');
    const { code, stderr } = await commands.run('drain', target, 'e1');
    assert.equal(code, 0);
    assert.equal(stderr, 'etcd-naming: warning: the record lost or changed besides: secret\n');
    assert.equal((await commands.run('drain', target, 'e1', '--undo')).stderr, '');
  });

  it('refuses a weight that is beyond 2^53, of which a drain would refuse the record', async () => {
    const { code, stderr } = await commands.run('add', target, '10.0.0.7:1', '--weight', '9007199254740992');
    assert.equal(code, 2);
    assert.match(stderr, /--weight is '9007199254740992'; it must be a number from 0 to 9007199254740991/);
  });

  it('refuses to drain a record without an address', async () => {
    await client.kv.put(`${target}/e1`, '{"Op":0}');
    const { code, stderr } = await commands.run('drain', target, 'e1');
    assert.equal(code, 1);
    assert.match(stderr, /has no address/);
  });
});

/**
 * Acts as an owner that increments a number in its metadata without a pause. Returns the revision of the last write.
 */
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
