import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { EtcdClient } from '#src/client/index.js';
import type { HeldLease } from '#src/lease/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import type { GoCase } from '../migration/go/case.js';
import { goCases, kindOf } from '../migration/go/cases.js';
import { defaultKeys } from '../migration/go/etcd-cases.js';
import { ourSide } from '../migration/go/our-side.js';
import { check, type Outcome } from '../migration/support/case.js';
import { compileRows, type Programs } from '../migration/support/compile.js';
import { goExampleOf, readPage, rowsOf } from '../migration/support/page.js';
import { end } from '../migration/support/stage.js';
import { secretOf } from '../support/canary.js';
import { skipIfExternal } from '../support/etcd.js';
import { goExports } from './support/go-exports.js';
import { goOrSkip } from './support/go-naming.js';
import { GoPage, type GoScene } from './support/go-page.js';

/** What a program of this package uses. */
interface Names extends Record<string, unknown> {
  lease?: HeldLease;
}

const rows = rowsOf(readPage('from-go'));
const password = secretOf('from-go');

describe('docs/migrating/from-go.md', function () {
  this.timeout(60_000);
  let etcd: EtcdHandle;
  let admin: EtcdClient;
  let go: GoPage;
  let ours: Programs;

  before(async function () {
    this.timeout(300_000);
    skipIfExternal(this);
    await goOrSkip(this);
    etcd = await startEtcd();
    admin = new EtcdClient({ endpoints: etcd.endpoints });
    go = await GoPage.build(
      withAddress(goExampleOf(readPage('from-go'))),
      rows.map(({ before }) => ({
        code: withAddress(before),
        kind: kindOf(goCases[before] ?? { go: null }),
      })),
    );
    ours = await compileRows({ path: 'docs/migrating/from-go.md', rows, after: ourSide }, withAddress);
  });

  after(async () => {
    if (ours) rmSync(ours.folder, { recursive: true, force: true });
    await admin?.close();
    await etcd?.close();
  });

  const withAddress = (code: string) => code.replaceAll('127.0.0.1:2379', etcd.endpoints[0] ?? '');

  it('names everything that Go’s packages export', async () => {
    const names = await goExports();
    assert.ok(names.length > 150, `${names.length} names`);
    const page = readPage('from-go');
    assert.deepEqual(
      names.filter((name) => !new RegExp(`\\b${name}\\b`).test(page)),
      [],
    );
  });

  it('the first example prints what the page says', async () => {
    await admin.kv.delete({ prefix: '' });
    const line = 'foo/my-service/10.0.0.7:50051 10.0.0.7:50051\n';
    assert.equal(await go.example(etcd.endpoints[0] ?? ''), line);
  });

  it('a lock of this package excludes Go’s mutex', async () => {
    const index = rows.findIndex(({ before }) => before.includes('TryLock'));
    const scene = await prepare(goCases[rows[index]!.before]!, {});
    await using _lock = await admin.lock('lock');
    await assert.rejects(go.run(index, scene), /Locked by another session/);
  });

  for (const [index, row] of rows.entries()) {
    const one = goCases[row.before];
    if (!one) continue; // a unit test names it
    it(row.before, async () => {
      const scene = await prepare(one, one.given ?? defaultKeys);
      await check(one.go, go.run(index, scene), outcome());
      await leftBehind(one);
      const program = ours.after[index];
      if (!program) return;
      await withOurs(one, row.after ?? '', async (names) => {
        const running = program(names);
        if (one.revokes) await names.lease?.revoke();
        await check(one.ours, running, outcome());
        await leftBehind(one);
        await end(await running);
      });
    });
  }

  const outcome = () => ({ admin }) as Outcome;

  async function leftBehind({ stored }: GoCase): Promise<void> {
    if (!stored) return;
    const { kvs } = await admin.kv.range({ prefix: '' });
    assert.deepEqual(
      Object.fromEntries(kvs.map(({ key, value }) => [key.toString(), value.toString()])),
      stored,
    );
  }

  async function prepare(one: GoCase, given: Readonly<Record<string, string>>): Promise<GoScene> {
    for (const id of await admin.lease.list()) await admin.lease.revoke(id);
    await admin.kv.delete({ prefix: '' });
    let { revision } = await admin.kv.get('k');
    for (const [key, value] of Object.entries(given)) revision = (await admin.kv.put(key, value)).revision;
    if (one.deletes !== undefined) await admin.kv.delete(one.deletes);
    const [code = ''] = Object.entries(goCases).find(([, other]) => other === one) ?? [];
    const needsLease = /\b(?:leaseID|session|mutex|election)\b/.test(code);
    const leaseId = needsLease ? (await admin.lease.grant({ ttlSeconds: 60 })).id : 0n;
    return { endpoint: etcd.endpoints[0] ?? '', leaseId, revision, password };
  }

  async function withOurs(one: GoCase, code: string, work: (names: Names) => Promise<void>): Promise<void> {
    const { leaseId, revision } = await prepare(one, one.givenOurs ?? one.given ?? defaultKeys);
    await using client = new EtcdClient({ endpoints: etcd.endpoints });
    const names: Names = { client, leaseId, revision, password };
    names['manager'] = new EndpointManager(client, 'svc');
    if (/(?<!\.)\blease\.\w/.test(code)) names.lease = await client.lease.hold({ ttlSeconds: 60 });
    if (/(?<!\.)\bterm\.\w/.test(code))
      names['term'] = (await client.election.campaign('job', 'a').next()).value;
    if (/(?<!\.)\block\.\w/.test(code)) names['lock'] = await client.lock('lock');
    await work(names);
  }
});
