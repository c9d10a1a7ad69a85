import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { secretOf } from '../support/canary.js';
import { skipIfExternal } from '../support/etcd.js';
import { cases } from './cases/index.js';
import { accessPassword } from './support/access.js';
import { compileRows, type Programs } from './support/compile.js';
import { after as afterSide, before as beforeSide } from './support/etcd3-sides.js';
import { peerProgram, readPage, rowsOf } from './support/page.js';
import { loadPeer, peerModules } from './support/peer.js';
import { PeerTimers } from './support/peer-timers.js';
import { type Part, play } from './support/play.js';
import { type Servers, startServers } from './support/servers.js';
import { Stage } from './support/stage.js';

const page = readPage('from-etcd3');
const rows = rowsOf(page);

describe('a row of docs/migrating/from-etcd3.md does what its case says', function () {
  this.timeout(60_000);
  let servers: Servers;
  let stage: Stage;
  let programs: Programs;

  before(async function () {
    this.timeout(300_000);
    skipIfExternal(this);
    servers = await startServers();
    const timers = new PeerTimers();
    stage = await Stage.open(servers.main, { module: loadPeer(timers), timers });
    programs = await compileRows(
      {
        path: 'docs/migrating/from-etcd3.md',
        ...{ rows, before: beforeSide, after: afterSide, modules: peerModules },
        others: new Map([['before', peerProgram(page, 'etcd3')]]),
      },
      withAddress,
    );
  });

  after(async () => {
    if (programs) {
      await closeStub(programs);
      rmSync(programs.folder, { recursive: true, force: true });
    }
    await stage?.close();
    await servers?.close();
  });

  const withAddress = (code: string) =>
    code
      .replaceAll('https://127.0.0.1:2379', `https://${servers.secure.secure}`)
      .replaceAll(
        '127.0.0.1:2379',
        code.includes('auth: {') ? servers.guarded.endpoints[0]! : stage.link.endpoint,
      );

  it('the first example prints what the page says', async () => {
    await stage.prepare({});
    const lines = ['10.0.0.7', 'hosts/a is 10.0.0.7', 'hosts/b is 10.0.0.8'];
    assert.deepEqual((await linesOf(programs.fileOf('before'))).sort(), lines);
    await stage.prepare({});
    assert.deepEqual(await linesOf(programs.fileOf('after')), lines);
  });

  for (const [index, row] of rows.entries()) {
    const one = cases[row.before];
    if (!one) continue; // a unit test names it
    it(row.before, async () => {
      const { ca, cert, key } = servers.certificate;
      const passwords = { password: accessPassword, newPassword: secretOf('migration-new') };
      const more = { ca: Buffer.from(ca), cert: Buffer.from(cert), key: Buffer.from(key), ...passwords };
      const etcd3: Part = { side: 'etcd3', code: row.before, program: programs.before[index]! };
      const end = await play(stage, one, etcd3, more);
      const program = programs.after[index];
      if (row.after === undefined || !program) return;
      assert.equal(await play(stage, one, { side: 'ours', code: row.after, program }, more), end);
    });
  }
});

/** The lines that a program prints. */
async function linesOf(file: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000 });
  return stdout.trim().split('\n');
}

/** The page's own channel to etcd keeps the process alive. */
async function closeStub({ fileOf }: Programs): Promise<void> {
  const { stub } = (await import(pathToFileURL(fileOf('call')).href)) as {
    stub: { close(): void };
  };
  stub.close();
}
