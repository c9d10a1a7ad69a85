import assert from 'node:assert/strict';
import { until } from '#src/testing/wait.js';
import { skip } from '../../support/etcd.js';
import { Etcdctl } from '../../support/etcdctl.js';
import { program, timeoutMs, useLockCommands } from './lock-support.js';
import type { CommandProcess } from './support.js';

describe('etcd-naming lock', function () {
  this.timeout(60_000);
  const { etcd, commands, client, name, start, queue, isFree, hasWaiters } = useLockCommands();

  it('runs the program with the key and the revision of the lock, and exits with its code', async () => {
    const command = commands.start(
      'lock',
      name(),
      '--',
      'sh',
      '-c',
      'echo "$ETCD_LOCK_KEY $ETCD_LOCK_REV"; exit 7',
    );
    const { code, stdout, stderr } = await command.ended;
    assert.equal(code, 7);
    const [key = '', revision = ''] = stdout.trim().split(' ');
    assert.match(key.slice(name().length), /^\/[0-9a-f]+$/);
    assert.ok(BigInt(revision) > 0n);
    assert.ok(stderr.includes(`acquired the lock '${name()}' as ${key}`), stderr);
    assert.ok(await isFree());
  });

  it('prints the key without a program, and releases the lock on SIGTERM with the code 0', async () => {
    const command = commands.start('lock', name(), '--ttl', '20');
    await command.prints(name());
    const { holder } = await queue();
    assert.equal(command.stdout, `${holder?.key}\n`);
    assert.equal((await client().lease.timeToLive(holder!.leaseId!))?.grantedSeconds, 20);
    command.kill('SIGTERM');
    assert.equal((await command.ended).code, 0);
    assert.ok(await isFree());
    assert.equal(await client().lease.timeToLive(holder!.leaseId!), undefined, 'the lease is revoked');
  });

  it('prints the key, the lease and the revision as JSON', async () => {
    const command = commands.start('lock', name(), '--json');
    await command.prints('}');
    const { holder, revision } = await queue();
    assert.deepEqual(JSON.parse(command.stdout), {
      name: name(),
      key: String(holder?.key),
      lease: String(holder?.leaseId),
      revision: String(revision),
    });
  });

  it('waits for the holders before it, and its revision is larger than theirs', async () => {
    const first = await start(0);
    const second = commands.start('lock', name(), '--', 'sh', '-c', program, '0');
    await second.prints(`waiting for the lock '${name()}': its holder is ${name()}/`);
    await until('it waits', { timeoutMs }, hasWaiters(1));
    assert.doesNotMatch(second.stdout, /running/);
    first.kill('SIGTERM');
    await second.prints(/running/);
    assert.equal((await first.ended).code, 0);
    const revisionOf = ({ stdout }: CommandProcess) => BigInt(/revision (\d+)/.exec(stdout)?.[1] ?? 0);
    assert.ok(revisionOf(second) > revisionOf(first));
  });

  it('lists the holder and the waiters, with the time that their leases have left', async () => {
    assert.match((await commands.run('lock', '--list', name())).stderr, /the lock '.*' is free/);
    await start(0);
    commands.start('lock', name(), '--', 'true');
    await until('it waits', { timeoutMs }, hasWaiters(1));
    const { holder, waiters } = await queue();
    const { code, stdout } = await commands.run('lock', '--list', name());
    assert.equal(code, 0);
    const [head, ...rows] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    assert.deepEqual(head, ['POSITION', 'LEASE', 'LEASE-ID', 'CREATE-REVISION', 'KEY']);
    assert.deepEqual(
      rows.map(([position, , , created, key]) => [position, created, key]),
      [
        ['holder', String(holder?.createRevision), String(holder?.key)],
        ['1', String(waiters[0]?.createRevision), String(waiters[0]?.key)],
      ],
    );
    assert.match(rows[0]?.[1] ?? '', /^\d+ of 15 s left$/);
    const json = await commands.json<{ holder: object; waiters: object[] }>('lock', '--list', name());
    const { remainingSeconds, ...rest } = json.holder as Record<string, unknown>;
    assert.ok(Number(remainingSeconds) > 0);
    assert.deepEqual(rest, {
      position: 0,
      key: String(holder?.key),
      lease: String(holder?.leaseId),
      leaseState: 'alive',
      ttlSeconds: 15,
      createRevision: String(holder?.createRevision),
    });
    assert.equal(json.waiters.length, 1);
  });

  for (const format of ['', '--json'])
    it(`releases the lock if the output cannot be written${format && `, with ${format}`}`, async () => {
      await using lock = await client().lock(name());
      const options = format === '' ? [] : [format];
      const command = commands.start('lock', name(), '--ttl', '60', ...options);
      await until('it waits', { timeoutMs }, hasWaiters(1));
      command.closeStdout();
      await lock.release();
      assert.equal((await command.ended).code, 0);
      assert.ok(await isFree(), 'its key is gone when it has ended');
    });

  it('exits with 1 if the output cannot be written to a full disk, and releases the lock', async function () {
    if (process.platform !== 'linux') skip(this, 'only Linux has /dev/full');
    const { code, stderr } = await commands.shell(`"$0" "$1" lock '${name()}' --ttl 60 > /dev/full`);
    assert.equal(code, 1);
    assert.match(stderr, /cannot write the output: .*ENOSPC/);
    assert.ok(await isFree());
  });

  it('exits with 125 without a program too when the lock is lost', async () => {
    const command = commands.start('lock', name());
    await command.prints(name());
    await client().kv.delete({ prefix: `${name()}/` });
    const { code, stderr } = await command.ended;
    assert.equal(code, 125);
    assert.match(stderr, /the lock '.*' was lost: its key is gone/);
  });

  it('refuses a name that is not UTF-8, and a program that is empty', async () => {
    const binary = await commands.shell(`"$0" "$1" lock "$(printf '${name()}\\377')" -- echo ran`);
    assert.deepEqual([binary.code, binary.stdout], [2, '']);
    assert.match(binary.stderr, /is not UTF-8/);
    for (const args of [
      ['lock', name()],
      ['elect', name(), 'value'],
    ]) {
      const { code, stderr } = await commands.run(...args, '--');
      assert.equal(code, 2);
      assert.match(stderr, /the program after -- is missing/);
    }
  });

  it('takes a name that begins with a dash after --', async () => {
    const dashed = `-${name()}`;
    const { code, stdout } = await commands.run(
      'lock',
      '--',
      dashed,
      '--',
      'sh',
      '-c',
      'echo "$ETCD_LOCK_KEY"',
    );
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`${dashed}/`), stdout);
  });

  it('exits with 3 if no etcd is reachable at the start', async () => {
    const env = { ETCDCTL_ENDPOINTS: '127.0.0.1:1' };
    const { code, stdout } = await commands.runWith(
      env,
      'lock',
      name(),
      '--command-timeout',
      '500ms',
      '--',
      'echo',
      'ran',
    );
    assert.deepEqual([code, stdout], [3, '']);
  });

  it('removes etcdctl’s variables from the program’s environment with --clean-env', async () => {
    const line = 'env | grep -c ETCDCTL_';
    assert.notEqual((await commands.run('lock', name(), '--', 'sh', '-c', line)).stdout, '0\n');
    assert.equal((await commands.run('lock', name(), '--clean-env', '--', 'sh', '-c', line)).stdout, '0\n');
  });

  describe('and etcdctl lock', () => {
    it('exclude each other in both directions', async function () {
      const etcdctl = Etcdctl.orSkip(this, etcd());
      const held = await start(0);
      const theirs = etcdctl.run('lock', name(), 'echo', 'etcdctl ran');
      await until('etcdctl waits', { timeoutMs }, hasWaiters(1));
      held.kill('SIGTERM');
      assert.match(await theirs, /etcdctl ran/);
      await until('it is free', { timeoutMs }, isFree);
      const holder = etcdctl.start('lock', name());
      try {
        await until('etcdctl holds it', { timeoutMs }, () => holder.stdout.includes(name()));
        const ours = commands.start('lock', name(), '--', 'echo', 'ours ran');
        await until('the command waits', { timeoutMs }, hasWaiters(1));
        assert.doesNotMatch(ours.stdout, /ours ran/);
        await holder.stop();
        assert.match((await ours.ended).stdout, /ours ran/);
      } finally {
        await holder.stop();
      }
    });
  });
});
