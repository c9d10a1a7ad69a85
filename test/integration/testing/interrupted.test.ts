import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type EtcdClusterHandle,
  type EtcdHandle,
  type StartEtcdOptions,
  startEtcd,
  startEtcdCluster,
} from '#src/testing/index.js';
import { secretOf } from '../../support/canary.js';
import { skipIfExternal, useEtcd } from '../../support/etcd.js';
import { isAlive, skipUnlessProcess } from './support.js';

/** Calls an operation until it fails; its operations follow one another, so that one meets what ends etcd. */
async function failureOf(operation: () => Promise<unknown>): Promise<Error> {
  for (;;) {
    try {
      await operation();
    } catch (error) {
      return error as Error;
    }
  }
}

/** Calls an operation again and again, until the work ends. Returns what it rejected with. */
async function failuresDuring(
  operation: () => Promise<unknown>,
  work: () => Promise<void>,
): Promise<Error[]> {
  const failures: Error[] = [];
  let isOver = false;
  const calls = (async () => {
    while (!isOver) await operation().catch((error: Error) => void failures.push(error));
  })();
  try {
    await work();
  } finally {
    isOver = true;
    await calls;
  }
  return failures;
}

const secured: StartEtcdOptions = {
  tls: {},
  auth: { users: { app: { password: secretOf('interrupted user') } } },
};

const operations: Readonly<Record<string, (etcd: EtcdHandle) => Promise<unknown>>> = {
  'compact()': (etcd) => etcd.compact(),
  'metrics()': (etcd) => etcd.metrics(),
  'metric()': (etcd) => etcd.metric('etcd_server_has_leader'),
};

for (const [kind, options] of Object.entries({ 'an etcd': {}, 'an etcd with TLS and users': secured })) {
  describe(`${kind} that is closed`, () => {
    let etcd: EtcdHandle;

    beforeEach(async function () {
      skipIfExternal(this);
      etcd = await startEtcd(options);
    });

    const closed = { name: 'Error', message: /^etcd m0 was closed$/ };

    for (const [name, operation] of Object.entries(operations))
      it(`says so to ${name}, during it and after it`, async () => {
        const during = failureOf(() => operation(etcd));
        await etcd.close();
        await assert.rejects(Promise.reject(await during), closed);
        await assert.rejects(operation(etcd), closed);
      });

    for (const name of ['restart', 'wipe'] as const)
      it(`says so to ${name}() during it, and leaves no process`, async () => {
        const { pid } = etcd;
        const during = etcd[name]();
        const rejected = assert.rejects(during, closed);
        await etcd.close();
        await rejected;
        if (pid !== undefined) assert.equal(isAlive(pid), false);
        assert.equal(etcd.pid, undefined);
        for (const operation of ['pause', 'resume', 'kill', 'stop', 'restart', 'wipe'] as const)
          await assert.rejects(etcd[operation](), closed);
      });

    it('says so to a restart and a wipe that start etcd', async function () {
      skipUnlessProcess(this);
      for (const name of ['restart', 'wipe'] as const) {
        const one = name === 'restart' ? etcd : await startEtcd(options);
        const { pid } = one;
        const rejected = assert.rejects(one[name](), closed);
        while (one.pid === pid || one.pid === undefined)
          await new Promise((resolve) => setImmediate(resolve));
        await one.close();
        await rejected;
      }
    });
  });

  describe(`${kind} that ends and starts again`, () => {
    const etcd = useEtcd(options);

    before(function () {
      skipIfExternal(this);
    });

    for (const [name, operation] of Object.entries(operations))
      for (const [what, was] of [
        ['restart', 'restarted'],
        ['wipe', 'wiped'],
      ] as const)
        it(`says so to ${name} during a ${what}`, async () => {
          const failures = await failuresDuring(
            () => operation(etcd()),
            () => etcd()[what](),
          );
          assert.notEqual(failures.length, 0);
          for (const { message, cause } of failures) {
            assert.equal(message, `${name} failed because etcd m0 was ${was}`);
            assert.ok(cause instanceof Error);
          }
        });

    it('says so to operations after a kill and after a stop, until a restart', async () => {
      for (const [what, was] of [
        ['kill', 'killed'],
        ['stop', 'stopped'],
      ] as const) {
        await etcd()[what]();
        const message = `compact() failed because etcd m0 was ${was}`;
        await assert.rejects(etcd().compact(), { message });
        await etcd().restart();
        await etcd().compact();
      }
    });

    it('rejects with the error of etcd when it answers', async () => {
      await etcd().restart();
      await assert.rejects(etcd().compact(1_000_000n), /required revision is a future revision/);
    });

    it('says so to a restart and a wipe during a kill', async function () {
      skipUnlessProcess(this);
      for (const name of ['restart', 'wipe'] as const) {
        const { pid } = etcd();
        const rejected = assert.rejects(etcd()[name](), {
          message: `${name}() failed because etcd m0 was killed`,
        });
        while (etcd().pid === pid || etcd().pid === undefined)
          await new Promise((resolve) => setImmediate(resolve));
        await etcd().kill();
        await rejected;
      }
      await etcd().restart();
    });
  });
}

/** Leaves of a log what etcd writes before its first entry: a checksum, the ids and a snapshot. */
function truncateToHeader(path: string): void {
  const bytes = readFileSync(path);
  let end = 0;
  for (let records = 0; records < 3; records++) {
    const length = bytes.readUIntLE(end, 6);
    end += 8 + length + ((8 - (length % 8)) % 8);
  }
  writeFileSync(path, bytes.fill(0, end));
}

describe('an etcd that was killed before its first entry', () => {
  it('starts again, with an empty store', async function () {
    skipIfExternal(this);
    skipUnlessProcess(this);
    if (process.platform !== 'linux') return this.skip();
    await using etcd = await startEtcd();
    const args = readFileSync(`/proc/${etcd.pid}/cmdline`, 'utf8').split('\0');
    const dataDir = args[args.indexOf('--data-dir') + 1] ?? '';
    await etcd.kill();
    truncateToHeader(join(dataDir, 'member', 'wal', '0000000000000000-0000000000000000.wal'));
    await etcd.restart();
    assert.equal(await etcd.metric('etcd_server_has_leader'), 1);
  });
});

describe('a cluster that is wiped or closed', function () {
  this.timeout(60_000);
  let cluster: EtcdClusterHandle;

  before(async function () {
    skipIfExternal(this);
    cluster = await startEtcdCluster({ ...secured, members: 2 });
  });

  after(() => cluster?.close());

  it('says so to operations of its members during a wipe', async () => {
    const failures = await failuresDuring(
      () => cluster.members[0]!.compact(),
      () => cluster.wipe(),
    );
    assert.notEqual(failures.length, 0);
    for (const { message } of failures) assert.equal(message, 'compact() failed because etcd m0 was wiped');
  });

  it('says so to its own operations, and to those of its members', async () => {
    const closed = { name: 'Error', message: /^the cluster was closed$/ };
    const memberClosed = { name: 'Error', message: /^etcd m0 was closed$/ };
    const member = cluster.members[0]!;
    const during = [
      assert.rejects(
        failureOf(() => cluster.leader()).then((error) => Promise.reject(error)),
        closed,
      ),
      assert.rejects(
        failureOf(() => member.compact()).then((error) => Promise.reject(error)),
        memberClosed,
      ),
      assert.rejects(cluster.moveLeader(), closed),
    ];
    await cluster.close();
    await Promise.all(during);
    for (const operation of [cluster.leader(), cluster.moveLeader(), cluster.wipe()])
      await assert.rejects(operation, closed);
    for (const operation of [member.restart(), member.wipe(), member.compact(), member.metrics()])
      await assert.rejects(operation, memberClosed);
    assert.throws(() => cluster.isolate(member), closed);
  });
});
