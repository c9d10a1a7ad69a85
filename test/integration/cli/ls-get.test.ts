import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { CommandRunner, skipWithoutScript } from './support.js';

describe('etcd-naming ls and get', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  let target: string;
  let round = 0;

  beforeEach('registers two endpoints', async () => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    target = `${etcd().prefix}read-${++round}/svc`;
    const lease = await client.lease.grant({ ttlSeconds: 600 });
    const manager = new EndpointManager(client, target);
    const metadata = { weight: 3, zone: 'a', status: 'draining' };
    await manager.addEndpoint(`${target}/e1`, { addr: '10.0.0.1:50051', metadata }, { lease });
    await manager.addEndpoint(`${target}/e2`, { addr: '10.0.0.2:50051' });
  });

  afterEach(() => client.close());

  it('lists the endpoints of a target with their metadata and leases', async () => {
    const { code, stdout, stderr } = await commands.run('ls', target);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    const [title, e1, e2, ...rest] = stdout.split('\n').map((line) => line.split(/ {2,}/));
    assert.deepEqual(title, ['ID', 'ADDR', 'WEIGHT', 'ZONE', 'STATUS', 'LEASE', 'REVISION']);
    assert.deepEqual(e1?.slice(0, 5), ['e1', '10.0.0.1:50051', '3', 'a', 'draining']);
    assert.match(e1?.[5] ?? '', /^\d+ of 600 s left$/);
    assert.deepEqual(e2?.slice(0, 6), ['e2', '10.0.0.2:50051', '1', '-', '-', 'permanent']);
    assert.deepEqual(rest, [['']]);
  });

  it('adds the id of the lease, the revision of the creation and the metadata with --output wide', async () => {
    const { stdout } = await commands.run('ls', target, '--output', 'wide');
    const [title, e1, e2] = stdout.split('\n').map((line) => line.split(/ {2,}/).slice(7));
    assert.deepEqual(title, ['LEASE-ID', 'CREATE-REVISION', 'METADATA']);
    assert.match(e1?.[0] ?? '', /^[0-9a-f]{16}$/);
    assert.deepEqual(JSON.parse(e1?.[2] ?? ''), { weight: 3, zone: 'a', status: 'draining' });
    assert.deepEqual([e2?.[0], e2?.[2]], ['-', '-']);
    assert.match(e2?.[1] ?? '', /^\d+$/);
  });

  it('prints the same list on a terminal and in a pipe', async function () {
    await skipWithoutScript(this);
    const { code, stdout } = await commands.startOnTerminal('ls', target).ended;
    assert.equal(code, 0);
    assert.match(stdout, /^e2 +10\.0\.0\.2:50051 +1 +- +- +permanent/m);
  });

  it('prints one JSON document, with revisions and lease ids as strings', async () => {
    interface Listed {
      target: string;
      prefix: string;
      revision: string;
      endpoints: Record<string, unknown>[];
    }
    const listed = await commands.json<Listed>('ls', `etcd:///${target}`);
    assert.equal(listed.target, target);
    assert.equal(listed.prefix, `${target}/`);
    assert.match(listed.revision, /^\d+$/);
    const [e1, e2] = listed.endpoints;
    assert.equal(e1?.['status'], 'draining');
    assert.equal(typeof e1?.['lease'], 'string');
    assert.equal(e1?.['ttlSeconds'], 600);
    assert.equal(e2?.['lease'], null);
    assert.match(String(e2?.['modRevision']), /^\d+$/);
  });

  it('skips a record that is not an endpoint, with a warning', async () => {
    await client.kv.put(`${target}/bad`, 'no json');
    const { code, stdout, stderr } = await commands.run('ls', target);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /bad/);
    assert.match(stderr, /warning: skipped '.*\/bad': the value is not JSON/);
  });

  it('prints nothing on stdout for a target without records, and advises the doctor', async () => {
    const { code, stdout, stderr } = await commands.run('ls', `${target}-none`);
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /no key starts with '.*-none\/'; to find out why: etcd-naming doctor/);
  });

  it('lists the services below a prefix by their records', async () => {
    const prefix = target.slice(0, -'svc'.length);
    await client.kv.put(`${prefix}config/timeout`, '30');
    await client.kv.put(`${prefix}other/e1`, '{"Addr":"10.0.0.9:1"}');
    const { services } = await commands.json<{ services: Record<string, unknown>[] }>(
      'ls',
      '--prefix',
      prefix,
    );
    const [other, svc] = services.map(({ modRevision, ...counts }) => [counts, typeof modRevision]);
    assert.deepEqual(other, [
      { service: `${prefix}other`, endpoints: 1, draining: 0, permanent: 1 },
      'string',
    ]);
    assert.deepEqual(svc, [{ service: `${prefix}svc`, endpoints: 2, draining: 1, permanent: 1 }, 'string']);
    const { stdout } = await commands.run('ls', '--prefix', prefix);
    assert.match(stdout, /^SERVICE +ENDPOINTS +DRAINING +PERMANENT$/m);
    assert.doesNotMatch(stdout, /config/);
    const wide = await commands.run('ls', '--prefix', prefix, '-o', 'wide');
    assert.match(wide.stdout, new RegExp(`/other +1 +0 +1 +${services[0]?.['modRevision']}$`, 'm'));
  });

  it('prints the stored values in Go’s format, byte for byte with --raw', async () => {
    const value = Buffer.from('{"Op":0,"Addr":"10.0.0.3:1","Metadata":"\u00fc\u2028"}\n');
    await client.kv.put(`${target}/e3`, value);
    const raw = commands.start('get', target, 'e3', '--raw');
    assert.equal((await raw.ended).code, 0);
    assert.deepEqual(raw.bytes, value);
    const { stdout } = await commands.run('get', target, 'e2');
    assert.equal(stdout, `${target}/e2\n{"Op":0,"Addr":"10.0.0.2:50051","Metadata":null}\n`);
    const { records } = await commands.json<{ records: Record<string, unknown>[] }>('get', target);
    assert.deepEqual(
      records.map(({ id }) => id),
      ['e1', 'e2', 'e3'],
    );
    assert.equal(records[2]?.['valueBase64'], value.toString('base64'));
  });

  it('exits with 1 for a record that does not exist', async () => {
    const { code, stdout, stderr } = await commands.run('get', target, 'e9');
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(stderr, `etcd-naming: '${target}/e9' does not exist\n`);
  });

  it('escapes control sequences in records', async () => {
    await client.kv.put(
      `${target}/e\x1b[2J`,
      '{"Addr":"10.0.0.4:1","Metadata":{"zone":"\\u001b[31m\\u009b1m"}}',
    );
    for (const args of [
      ['ls', target],
      ['ls', target, '--json'],
      ['get', target],
      ['get', target, '--json'],
    ]) {
      const { stdout, stderr } = await commands.run(...args);
      for (const control of ['\x1b', '\u009b'])
        assert.ok(!(stdout + stderr).includes(control), args.join(' '));
    }
    assert.match((await commands.run('ls', target)).stdout, /e\\x1b\[2J/);
  });

  it('ends without an error when its reader closes the pipe', async () => {
    for (let batch = 0; batch < 20; batch++) {
      const many = Array.from({ length: 100 }, (_, i) => i);
      await new EndpointManager(client, target).update(
        many.map((i) => ({
          op: 'add',
          key: `${target}/many-${batch}-${i}`,
          endpoint: { addr: '10.0.0.1:1' },
        })),
      );
    }
    const command = commands.start('get', target);
    command.closeStdout();
    const { code, signal, stderr } = await command.ended;
    assert.deepEqual([code, signal, stderr], [0, null, '']);
  });
});
