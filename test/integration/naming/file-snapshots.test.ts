import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, fileSnapshotStore, ServiceDirectory } from '#src/naming/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

describe('snapshots in files', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etcd-naming-snapshots-'));
  });

  afterEach(async () => {
    await opened.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('are loaded as they were saved, separately for each target', async () => {
    const store = fileSnapshotStore(join(folder, 'made', 'when needed'));
    const targets = ['a', 'a/b', 'a_b', '../a', 'ä\0', 'x'.repeat(500)];
    for (const target of targets) await store.save(target, Buffer.from(`of ${target}`));
    for (const target of targets) {
      assert.equal(Buffer.from((await store.load(target)) ?? []).toString(), `of ${target}`);
    }
    assert.equal(await store.load('none'), undefined);
    assert.deepEqual(await readdir(folder), ['made'], 'nothing is written beside the folder');
  });

  it('have mode 0600 in a folder of mode 0700', async () => {
    const made = join(folder, 'made');
    await fileSnapshotStore(made).save('svc', Buffer.from('whole'));
    const [file = ''] = await readdir(made);
    const modes = await Promise.all(
      [made, join(made, file)].map(async (path) => (await stat(path)).mode & 0o777),
    );
    assert.deepEqual(modes, [0o700, 0o600]);
  });

  it('are ignored when damaged, and leave no drafts', async () => {
    const store = fileSnapshotStore(folder);
    await store.save('svc', Buffer.from('whole'));
    const files = await readdir(folder);
    assert.equal(files.length, 1);
    const path = join(folder, files[0]!);
    const bytes = await readFile(path);
    for (const damaged of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(0)]), Buffer.alloc(3)]) {
      await writeFile(path, damaged);
      assert.equal(await store.load('svc'), undefined);
    }
  });

  describe('that another user may have put there', () => {
    if (process.platform === 'win32') return;
    let path: string;
    let bytes: Buffer;

    beforeEach(async () => {
      await fileSnapshotStore(folder).save('svc', Buffer.from('whole'));
      path = join(folder, (await readdir(folder))[0]!);
      bytes = await readFile(path);
    });

    const cases: Readonly<Record<string, readonly [prepare: () => Promise<unknown>, reason: RegExp]>> = {
      'a link to a valid file': [
        () => rename(path, `${path}.1`).then(() => symlink(`${path}.1`, path)),
        /symbolic link/,
      ],
      'a link to an endless device': [() => rm(path).then(() => symlink('/dev/zero', path)), /symbolic link/],
      'a pipe without a writer': [
        () => rm(path).then(() => promisify(execFile)('mkfifo', [path])),
        /not a regular file/,
      ],
      'a folder': [() => rm(path).then(() => mkdir(path)), /not a regular file/],
      'a file that others can write': [() => chmod(path, 0o602), /can be written by other users/],
      'a file above the size limit': [() => truncate(path, 64 * 1024 * 1024 + 33), /more than the/],
    };
    for (const [what, [prepare, reason]] of Object.entries(cases)) {
      it(`are rejected without waiting: ${what}`, async () => {
        await prepare();
        await assert.rejects(fileSnapshotStore(folder).load('svc'), { code: 9, message: reason });
      });
    }

    it('are rejected when another user owns the file in a folder that all can write', async function () {
      if (process.geteuid?.() !== 0) return this.skip(); // only root can change a file's owner
      await chmod(folder, 0o1777);
      await chown(path, 12_345, 12_345);
      await assert.rejects(fileSnapshotStore(folder).load('svc'), {
        code: 9,
        message: /belongs to user 12345/,
      });
      await fileSnapshotStore(folder).save('svc', Buffer.from('mine'));
      assert.equal((await fileSnapshotStore(folder).load('svc'))?.toString(), 'mine');
    });

    it('are loaded again after the next save has replaced them', async () => {
      await rm(path);
      await symlink('/dev/zero', path);
      await fileSnapshotStore(folder).save('svc', Buffer.from('whole'));
      assert.deepEqual(await readFile(path), bytes);
    });

    it('are reported as `snapshotError`', async () => {
      const target = `${etcd().prefix}planted`;
      const snapshots = fileSnapshotStore(folder);
      await snapshots.save(target, Buffer.from('any'));
      for (const name of await readdir(folder)) await chmod(join(folder, name), 0o606);
      const directory = new ServiceDirectory(opened.client(['127.0.0.1:1']), { snapshots });
      const unfollow = directory.follow(target, { onView: () => {}, onFailure: () => {} });
      await eventually('the error is reported', () => directory.status(target).snapshotError !== undefined);
      assert.match(directory.status(target).snapshotError?.message ?? '', /can be written by other users/);
      unfollow();
      await directory.close();
    });
  });

  it('are not written above the size that is read', async () => {
    const large = Buffer.alloc(64 * 1024 * 1024 + 1);
    await assert.rejects(fileSnapshotStore(folder).save('svc', large), { code: 8 });
    await fileSnapshotStore(folder).save('svc', large.subarray(1));
    assert.equal((await fileSnapshotStore(folder).load('svc'))?.length, large.length - 1);
  });

  it('remove only the old drafts of killed processes', async () => {
    await fileSnapshotStore(folder).save('svc', Buffer.from('whole'));
    const [file = ''] = await readdir(folder);
    const [old, young, other] = [`${file}.1.abc.draft`, `${file}.2.def.draft`, 'notes.draft'];
    for (const name of [old, young, other]) await writeFile(join(folder, name), 'half');
    for (const name of [old, other]) await utimes(join(folder, name), 1, 1);
    await fileSnapshotStore(folder).save('svc', Buffer.from('whole'));
    assert.deepEqual((await readdir(folder)).sort(), [other, file, young].sort());
  });

  it('are complete when many are written concurrently', async () => {
    const store = fileSnapshotStore(folder);
    const texts = Array.from({ length: 20 }, (_, i) => `${i} `.repeat(10_000));
    await Promise.all(texts.map((text) => store.save('svc', Buffer.from(text))));
    assert.ok(texts.includes(Buffer.from((await store.load('svc')) ?? []).toString()));
    assert.equal((await readdir(folder)).length, 1);
  });

  it('let a process start and make calls while etcd is down', async () => {
    const target = `${etcd().prefix}snapshots/svc`;
    const server = await opened.server('a');
    const first = opened.client(etcd().endpoints);
    await new EndpointManager(first, target).addEndpoint(`${target}/a`, { addr: server.addr });
    const snapshots = fileSnapshotStore(folder);
    const before = new ServiceDirectory(first, { snapshots });
    await before.ready(target);
    const following = before.follow(target, { onView: () => {}, onFailure: () => {} });
    await eventually('the snapshot is saved', async () => (await snapshots.load(target)) !== undefined);
    following();
    await first.close();

    const proxy = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
    proxy.refuse();
    const client = opened.client([proxy.endpoint]);
    const directory = new ServiceDirectory(client, { snapshots });
    opened.add(registerEtcdResolver(directory), (one) => one[Symbol.dispose]());
    const caller = opened.caller(`etcd:///${target}`);
    assert.equal(await caller.call(), 'a');
    const { source, state, staleMs } = directory.status(target);
    assert.deepEqual([source, state], ['disk', 'known']);
    assert.ok(staleMs > 0);
    proxy.heal();
    await eventually('etcd has answered', () => directory.status(target).source === 'live', 20_000);
    assert.equal(await caller.call(), 'a');
  });
});
