import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { EtcdClient } from '#src/client/index.js';
import { EtcdError, PermissionDeniedError, StoreReplacedError } from '#src/errors/index.js';
import { EndpointManager, register } from '#src/naming/index.js';
import { type EtcdClusterHandle, locateEtcd, startEtcdCluster } from '#src/testing/index.js';
import { freePorts } from '#src/testing/ports.js';
import { secretOf } from '../../support/canary.js';
import { skip } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { CompiledPage, Runbook } from '../../support/runbook.js';
import { skipUnlessBinary } from '../../support/tls-etcd.js';

const page = 'docs/admin.md';
const MiB = 2 ** 20;
/** They make the restored store continue at a higher revision. */
const raiseFlags = ' --bump-revision 1000000000 --mark-compacted';
/** The hosts of the page: m0 is 10.0.0.10. */
const hosts = [0, 1, 2, 3];

describe(page, function () {
  this.timeout(120_000);
  const root = mkdtempSync(join(tmpdir(), 'etcd-naming-admin-'));
  const opened: AsyncDisposable[] = [];
  let compiled: CompiledPage;
  let programs = '';

  before(async function () {
    skipUnlessBinary(this);
    programs = dirname((await locateEtcd()).etcd);
    compiled = new CompiledPage(page);
  });

  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
  });

  after(() => {
    for (const path of [root, compiled?.folder]) if (path) rmSync(path, { recursive: true, force: true });
  });

  const use = <T extends AsyncDisposable>(one: T): T => {
    opened.push(one);
    return one;
  };

  /** The programs of the page on a cluster: its members are m0, m1, …; the page's other hosts get free ports. */
  async function runbookFor(cluster: EtcdClusterHandle, title: string, env: NodeJS.ProcessEnv = {}) {
    const client = use(new EtcdClient(cluster.clientOptions));
    const { members } = await client.cluster.list();
    const ports = await freePorts(2 * hosts.length);
    const folder = mkdtempSync(join(root, 'runbook-'));
    const replacements = new Map(
      ['/var/lib/etcd', '/backup', '/run/secrets'].map((path) => [path, join(folder, path)]),
    );
    for (const path of replacements.values()) mkdirSync(path, { recursive: true });
    for (const i of hosts) {
      const member = members.find(({ name }) => name === `m${i}`);
      const peer = member?.peerUrls[0] ?? `http://127.0.0.1:${ports.pop()}`;
      const client = cluster.members[i]?.endpoint ?? `127.0.0.1:${ports.pop()}`;
      replacements.set(`http://10.0.0.1${i}:2380`, peer).set(`10.0.0.1${i}:2379`, client);
    }
    const book = use(
      new Runbook(compiled, replacements, {
        PATH: `${programs}:${process.env['PATH']}`,
        ETCDCTL_API: '3',
        ETCDCTL_ENDPOINTS: cluster.endpoints.join(','),
        ...env,
      }),
    );
    use({ [Symbol.asyncDispose]: async () => saveTranscript(title, book) });
    return { book, client, addressOf: (name: string) => replacements.get(name)! };
  }

  /** Runs the program that adds a member, and starts the member when the program asks for it. */
  async function addMember(book: Runbook, name: string, peerUrl: string, env: NodeJS.ProcessEnv = {}) {
    const program = book.start('join', { args: [name, peerUrl], env });
    await program.prints(/--initial-cluster \S+\n/);
    const [, list = ''] = /--initial-cluster (\S+)/.exec(program.text) ?? [];
    assert.match(book.codeOf(`start-${name}`), new RegExp(`--initial-cluster ${list} `));
    book.start(`start-${name}`);
    await program.ended();
    assert.match(program.text, new RegExp(`\n${name} votes\n$`));
  }

  it('replaces a lost member: the new one votes, has the data, and the lost one is gone', async () => {
    const cluster = use(await startEtcdCluster());
    const { book, client, addressOf } = await runbookFor(cluster, 'replace-a-member');
    await client.kv.put('kept', 'v');
    await cluster.members[1]!.kill();
    const remaining = { ETCDCTL_ENDPOINTS: `${cluster.endpoints[0]},${cluster.endpoints[2]}` };
    assert.match(await book.run('members', { env: remaining }), /^m1 \w+ does not answer$/m);
    assert.equal(await book.run('remove', { env: remaining }), 'm1 is removed\n');
    assert.match(await book.run('remove', { env: remaining }), /^no member is named m1: (m0,m2|m2,m0)\n$/);
    const peerUrl = addressOf('http://10.0.0.13:2380');
    await addMember(book, 'm3', peerUrl, remaining);
    const again = book.start('join', { args: ['m3', peerUrl], env: remaining });
    await again.ended();
    assert.match(again.text, /\nm3 votes\n$/);

    const reader = use(new EtcdClient({ endpoints: [addressOf('10.0.0.13:2379')] }));
    assert.equal(String((await reader.kv.get('kept')).kv?.value), 'v');
    const members = await book.run('members', { env: remaining });
    assert.deepEqual(members.match(/^m\d/gm)?.sort(), ['m0', 'm2', 'm3']);
    assert.equal(members.match(/ (?:leader|follower), etcd /g)?.length, 3);
  });

  it('grows from one member to three: the data stays, and one may then be lost', async () => {
    const cluster = use(await startEtcdCluster({ members: 1 }));
    const { book, client, addressOf } = await runbookFor(cluster, 'grow-from-one-to-three');
    await client.kv.put('kept', 'v');
    const [first] = (await client.cluster.list()).members;
    const local = first!.peerUrls[0]!.replace('127.0.0.1', 'localhost');
    await client.cluster.update(first!.id, [local]);
    await book.run('members');
    await book.run('advertise');
    await cluster.members[0]!.restart();
    await addMember(book, 'm1', addressOf('http://10.0.0.11:2380'));
    await addMember(book, 'm2', addressOf('http://10.0.0.12:2380'));
    assert.equal((await book.run('members')).match(/ (?:leader|follower), etcd /g)?.length, 3);

    await cluster.members[0]!.kill();
    const reader = use(
      new EtcdClient({ endpoints: [addressOf('10.0.0.11:2379'), addressOf('10.0.0.12:2379')] }),
    );
    assert.equal(String((await reader.kv.get('kept')).kv?.value), 'v');
    await reader.kv.put('kept', 'w');
  });

  it('clears NOSPACE: writes are accepted, no alarm is left, and the files are smaller', async () => {
    const cluster = use(await startEtcdCluster({ args: ['--quota-backend-bytes', String(4 * MiB)] }));
    const { book, client } = await runbookFor(cluster, 'clear-nospace');
    const isNoSpace = (error: unknown) => error instanceof EtcdError && error.reason === 'NoSpace';
    const fill = async () => {
      for (let i = 0; i < 256; i++) await client.kv.put('fill', Buffer.alloc(MiB));
    };
    await assert.rejects(fill(), isNoSpace);
    await client.kv.delete('fill');
    await assert.rejects(client.kv.put('key', 'v'), isNoSpace);
    assert.ok((await client.maintenance.alarms()).length > 0);
    await book.run('members');
    const printed = await book.run('nospace');
    assert.equal(printed.match(/ is smaller$/gm)?.length, 3, printed);
    await book.run('members');
    await client.kv.put('key', 'v');
    assert.deepEqual(await client.maintenance.alarms(), []);
  });

  it('clears NOSPACE without the members that are lost, not started or learners, which it names', async () => {
    const cluster = use(await startEtcdCluster({ args: ['--quota-backend-bytes', String(4 * MiB)] }));
    const { book, client, addressOf } = await runbookFor(cluster, 'clear-nospace-with-a-lost-member');
    const fill = async () => {
      for (let i = 0; i < 256; i++) await client.kv.put('fill', Buffer.alloc(MiB));
    };
    const { member } = await client.cluster.addLearner([addressOf('http://10.0.0.13:2380')]);
    const printed = await book.run('nospace');
    assert.match(printed, /^\(not started\) is skipped: it does not answer$/m);
    assert.equal(printed.match(/^m\d (?:is smaller|has the same size)$/gm)?.length, 3, printed);

    book.start('start-m3', {
      replacements: new Map([['cluster m0=', `cluster m1=${addressOf('http://10.0.0.11:2380')},m0=`]]),
    });
    await eventually(
      'the learner has started',
      async () => (await client.cluster.list()).members.some(({ id, name }) => id === member.id && name),
      30_000,
    );
    await cluster.members[1]!.kill();
    const remaining = { ETCDCTL_ENDPOINTS: `${cluster.endpoints[0]},${cluster.endpoints[2]}` };
    const putSucceeds = () =>
      client.kv.put('key', 'v').then(
        () => true,
        () => false,
      );
    await eventually('the others have a leader', putSucceeds, 30_000);
    await assert.rejects(fill(), { reason: 'NoSpace' });
    await client.kv.delete('fill');
    const second = await book.run('nospace', { env: remaining });
    assert.match(second, /^m1 is skipped: it does not answer$/m);
    assert.match(second, /^m3 is skipped: it is a learner$/m);
    assert.equal(second.match(/^m[02] is smaller$/gm)?.length, 2, second);
    assert.deepEqual(await client.maintenance.alarms(), []);
  });

  it('restores a snapshot: the data is that of the snapshot, a registration stores its record again, a watch ends', async function () {
    const tool = await restoreTool(programs);
    if (!tool) skip(this, 'there is no etcdutl');
    const cluster = use(await startEtcdCluster());
    const { book, client } = await runbookFor(cluster, 'take-and-restore-a-snapshot');
    await client.kv.put('kept', 'v');
    const older = use(await client.lock('older'));
    await book.run('snapshot');
    const newer = use(await client.lock('newer'));
    const registration = use(await register(client, { target: 'service', addr: '10.0.0.7:50051' }));
    const { revision } = await client.kv.put('lost', 'v');
    const watcher = client.watch({ prefix: 'kept' });
    await watcher.ready;
    const ended = (async () => {
      for await (const _ of watcher);
    })().then(
      () => undefined,
      (error: unknown) => error,
    );
    for (const member of cluster.members) await member.kill();

    for (const name of ['m0', 'm1', 'm2'])
      book.start('restore', {
        replacements: new Map([
          ...tool,
          ['NAME=m0 ', `NAME=${name} `],
          ['CLIENT_URL=http://10.0.0.10:', `CLIENT_URL=http://10.0.0.1${name.slice(1)}:`],
          ['PEER_URL=http://10.0.0.10:', `PEER_URL=http://10.0.0.1${name.slice(1)}:`],
        ]),
      });
    const reader = use(new EtcdClient(cluster.clientOptions));
    const { kv } = await reader.kv.get('kept', { timeoutMs: 60_000 });
    assert.equal(String(kv?.value), 'v');
    assert.equal((await reader.kv.get('lost')).kv, undefined);
    assert.equal((await book.run('members')).match(/ (?:leader|follower), etcd /g)?.length, 3);

    assert.ok((await ended) instanceof StoreReplacedError);
    await eventually('the lock that the snapshot lacks is lost', () => newer.signal.aborted, 30_000);
    assert.equal(older.held, true);
    const manager = new EndpointManager(reader, 'service');
    await eventually(
      'the registration has stored its record again',
      async () => (await manager.list()).size === 1,
      60_000,
    );
    if (!tool.has(raiseFlags)) assert.ok((await reader.kv.get('kept')).revision > revision);
    assert.equal(registration.state, 'registered');
  });

  it('turns on authentication: each user may do what its role grants, and no more', async () => {
    const cluster = use(await startEtcdCluster({ members: 1, tls: {} }));
    const { clientOptions } = cluster;
    const caFile = join(root, 'ca.pem');
    writeFileSync(caFile, clientOptions.tls!.ca);
    const { book, client, addressOf } = await runbookFor(cluster, 'turn-on-authentication', {
      ETCDCTL_ENDPOINTS: `https://${cluster.endpoints[0]}`,
      ETCDCTL_CACERT: caFile,
    });
    for (const name of ['root', 'my-service-servers', 'my-service-callers', 'nightly-job'])
      writeFileSync(join(addressOf('/run/secrets'), name), `${secretOf(name)}\n`);
    // As after a run that failed in the middle.
    await client.auth.roles.add('my-service-servers');
    await client.auth.users.add('my-service-servers', { password: secretOf('my-service-servers') });
    await client.auth.users.grantRole('my-service-servers', 'my-service-servers');
    await book.run('members');
    const as = (username: string) =>
      use(new EtcdClient({ ...clientOptions, auth: { username, password: secretOf(username) } }));
    const [server, caller] = [as('my-service-servers'), as('my-service-callers')];
    await caller.kv.get('foo/bar/my-service/'); // before its user exists
    await book.run('auth');
    await book.run('auth');
    await book.run('auth-check', {
      env: { ETCDCTL_USER: 'nightly-job', ETCDCTL_PASSWORD: secretOf('nightly-job') },
    });

    await assert.rejects(client.kv.get('foo'));
    use(await register(server, { target: 'foo/bar/my-service', addr: '10.0.0.7:50051' }));
    const manager = new EndpointManager(caller, 'foo/bar/my-service');
    assert.equal((await manager.list()).size, 1);
    await assert.rejects(
      manager.addEndpoint('foo/bar/my-service/e2', { addr: '10.0.0.8:50051' }),
      PermissionDeniedError,
    );
    await assert.rejects(server.kv.put('elsewhere', ''), PermissionDeniedError);
  });

  it('has no program that these tests leave out', () => {
    assert.deepEqual([...compiled.started].sort(), [...compiled.names].sort());
  });
});

/** What the page's command has to become. Without etcdutl, etcdctl restores snapshots before 3.6, in 3.4 with fewer flags. */
async function restoreTool(programs: string): Promise<ReadonlyMap<string, string> | undefined> {
  if (existsSync(join(programs, 'etcdutl'))) return new Map();
  const env = { ...process.env, ETCDCTL_API: '3' };
  const help = await promisify(execFile)('etcdctl', ['snapshot', 'restore', '--help'], { env }).then(
    ({ stdout }) => stdout,
    () => '',
  );
  if (!help.includes('--initial-cluster')) return undefined;
  return new Map([
    ['etcdutl', 'etcdctl'],
    ...(help.includes('--bump-revision') ? [] : [[raiseFlags, ''] as const]),
  ]);
}

/** For the maintainers: what the steps printed, in the folder that RUNBOOK_TRANSCRIPTS names. */
function saveTranscript(title: string, book: Runbook): void {
  const folder = process.env['RUNBOOK_TRANSCRIPTS'];
  if (folder) writeFileSync(join(folder, `${title}.txt`), book.transcript());
}
