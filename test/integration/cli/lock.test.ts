import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import type { LockQueueEntry } from '#src/lock/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { until } from '#src/testing/wait.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { Etcdctl } from '../../support/etcdctl.js';
import { type CommandProcess, CommandRunner } from './support.js';

/** Prints its variables and the signals that it receives. Its first argument is its exit code after SIGTERM; none: it stays. */
const program = `
  trap 'echo received TERM; test -z "$0" || exit "$0"' TERM
  trap 'echo received INT; kill $!; exit 4' INT
  trap 'echo received CONT' CONT
  echo "running, pid $$, key $ETCD_LOCK_KEY, revision $ETCD_LOCK_REV"
  while :; do sleep 600 & wait $!; done
`;

const timeoutMs = 20_000;

describe('etcd-naming lock', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  let name: string;
  let round = 0;
  const orphans: number[] = [];

  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  beforeEach(() => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    name = `${etcd().prefix}lock-${++round}`;
  });

  afterEach(async () => {
    for (const pid of orphans.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await client.close();
  });

  /** Starts the command with the program, and waits until the program runs. */
  async function start(exitCode: number | '', ...options: string[]): Promise<CommandProcess> {
    const command = commands.start('lock', name, ...options, '--', 'sh', '-c', program, String(exitCode));
    await command.prints(/running, pid \d+/);
    orphans.push(pidOf(command));
    return command;
  }

  const queue = () => client.lockQueue(name);
  const isFree = async () => (await queue()).holder === undefined;
  const hasWaiters = (count: number) => async () => (await queue()).waiters.length === count;

  const losses: readonly (readonly [string, (holder: LockQueueEntry) => Promise<unknown>])[] = [
    ['its lease is revoked', ({ leaseId = 0n }) => client.lease.revoke(leaseId)],
    ['its key is deleted', ({ key }) => client.kv.delete(key)],
  ];

  it('runs the program with the key and the revision of the lock, and exits with its code', async () => {
    const command = commands.start(
      'lock',
      name,
      '--',
      'sh',
      '-c',
      'echo "$ETCD_LOCK_KEY $ETCD_LOCK_REV"; exit 7',
    );
    const { code, stdout, stderr } = await command.ended;
    assert.equal(code, 7);
    const [key = '', revision = ''] = stdout.trim().split(' ');
    assert.match(key.slice(name.length), /^\/[0-9a-f]+$/);
    assert.ok(BigInt(revision) > 0n);
    assert.ok(stderr.includes(`acquired the lock '${name}' as ${key}`), stderr);
    assert.ok(await isFree());
  });

  it('prints the key without a program, and releases the lock on SIGTERM with the code 0', async () => {
    const command = commands.start('lock', name, '--ttl', '20');
    await command.prints(name);
    const { holder } = await queue();
    assert.equal(command.stdout, `${holder?.key}\n`);
    assert.equal((await client.lease.timeToLive(holder!.leaseId!))?.grantedSeconds, 20);
    command.kill('SIGTERM');
    assert.equal((await command.ended).code, 0);
    assert.ok(await isFree());
    assert.equal(await client.lease.timeToLive(holder!.leaseId!), undefined, 'the lease is revoked');
  });

  it('prints the key, the lease and the revision as JSON', async () => {
    const command = commands.start('lock', name, '--json');
    await command.prints('}');
    const { holder, revision } = await queue();
    assert.deepEqual(JSON.parse(command.stdout), {
      name,
      key: String(holder?.key),
      lease: String(holder?.leaseId),
      revision: String(revision),
    });
  });

  it('waits for the holders before it, and its revision is larger than theirs', async () => {
    const first = await start(0);
    const second = commands.start('lock', name, '--', 'sh', '-c', program, '0');
    await second.prints(`waiting for the lock '${name}': its holder is ${name}/`);
    await until('it waits', { timeoutMs }, hasWaiters(1));
    assert.doesNotMatch(second.stdout, /running/);
    first.kill('SIGTERM');
    await second.prints(/running/);
    assert.equal((await first.ended).code, 0);
    const revisionOf = ({ stdout }: CommandProcess) => BigInt(/revision (\d+)/.exec(stdout)?.[1] ?? 0);
    assert.ok(revisionOf(second) > revisionOf(first));
  });

  it('lists the holder and the waiters, with the time that their leases have left', async () => {
    assert.match((await commands.run('lock', '--list', name)).stderr, /the lock '.*' is free/);
    await start(0);
    commands.start('lock', name, '--', 'true');
    await until('it waits', { timeoutMs }, hasWaiters(1));
    const { holder, waiters } = await queue();
    const { code, stdout } = await commands.run('lock', '--list', name);
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
    const json = await commands.json<{ holder: object; waiters: object[] }>('lock', '--list', name);
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

  it('exits with 124 if the lock is not free in time, and does not start the program', async () => {
    await start(0);
    for (const limit of ['0s', '300ms']) {
      const { code, stdout, stderr } = await commands.run(
        'lock',
        name,
        '--timeout',
        limit,
        '--',
        'echo',
        'ran',
      );
      assert.deepEqual([code, stdout], [124, ''], stderr);
      assert.match(stderr, limit === '0s' ? /is not free: its holder is/ : /was not acquired within 300 ms/);
      assert.ok(await hasWaiters(0)(), 'its key is gone when it has ended');
    }
  });

  // An outage that is longer than the TTL ends the lease too.
  for (const [what, lose] of losses)
    it(`joins the queue again when ${what} while it waits`, async () => {
      const lock = await client.lock(name);
      const command = commands.start('lock', name, '--', 'echo', 'ran');
      await until('it waits', { timeoutMs }, hasWaiters(1));
      const [lost] = (await queue()).waiters;
      await lose(lost!);
      await until('it waits with another key', { timeoutMs }, async () => {
        const [waiter] = (await queue()).waiters;
        return waiter !== undefined && !waiter.key.equals(lost!.key);
      });
      await lock.release();
      const { code, stdout, stderr } = await command.ended;
      assert.deepEqual([code, stdout], [0, 'ran\n'], stderr);
    });

  for (const format of ['', '--json'])
    it(`releases the lock if the output cannot be written${format && `, with ${format}`}`, async () => {
      await using lock = await client.lock(name);
      const options = format === '' ? [] : [format];
      const command = commands.start('lock', name, '--ttl', '60', ...options);
      await until('it waits', { timeoutMs }, hasWaiters(1));
      command.closeStdout();
      await lock.release();
      assert.equal((await command.ended).code, 0);
      assert.ok(await isFree(), 'its key is gone when it has ended');
    });

  it('exits with 1 if the output cannot be written to a full disk, and releases the lock', async function () {
    if (process.platform !== 'linux') this.skip();
    const { code, stderr } = await commands.shell(`"$0" "$1" lock '${name}' --ttl 60 > /dev/full`);
    assert.equal(code, 1);
    assert.match(stderr, /cannot write the output: .*ENOSPC/);
    assert.ok(await isFree());
  });

  it('refuses a name that is not UTF-8, and a program that is empty', async () => {
    const binary = await commands.shell(`"$0" "$1" lock "$(printf '${name}\\377')" -- echo ran`);
    assert.deepEqual([binary.code, binary.stdout], [2, '']);
    assert.match(binary.stderr, /is not UTF-8/);
    for (const args of [
      ['lock', name],
      ['elect', name, 'value'],
    ]) {
      const { code, stderr } = await commands.run(...args, '--');
      assert.equal(code, 2);
      assert.match(stderr, /the program after -- is missing/);
    }
  });

  it('takes a name that begins with a dash after --', async () => {
    const dashed = `-${name}`;
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

  it('releases the lock when the program ends, while a process that it left in the background runs', async () => {
    const line = 'sleep 600 > /dev/null 2>&1 & echo "pid $!"';
    const command = commands.start('lock', name, '--', 'sh', '-c', line);
    const { code, stdout } = await command.ended;
    const pid = Number(/pid (\d+)/.exec(stdout)?.[1]);
    orphans.push(pid);
    assert.equal(code, 0);
    assert.ok(isAlive(pid));
    assert.ok(await isFree());
  });

  it('gives up its place when a signal ends the wait, and dies by the signal', async () => {
    await using lock = await client.lock(name);
    const command = commands.start('lock', name, '--', 'echo', 'ran');
    await until('it waits', { timeoutMs }, hasWaiters(1));
    command.kill('SIGINT');
    const { signal, stdout } = await command.ended;
    assert.deepEqual([signal, stdout], ['SIGINT', '']);
    assert.ok(await hasWaiters(0)(), 'its key is gone when it has ended');
    assert.ok(lock.held);
  });

  it('leaves no lease if a signal arrives while its lease is granted', async () => {
    await using link = await startFaultProxy({ target: etcd().endpoints[0]! });
    link.delay({ up: 0, down: 300 });
    const before = new Set(await client.lease.list());
    const added = async () => (await client.lease.list()).filter((id) => !before.has(id));
    const command = commands.startWith(
      { ETCDCTL_ENDPOINTS: link.endpoint },
      'lock',
      name,
      '--',
      'echo',
      'ran',
    );
    await until('etcd has granted its lease', { timeoutMs }, async () => (await added()).length === 1);
    command.kill('SIGTERM');
    const { signal, stdout } = await command.ended;
    assert.deepEqual([signal, stdout], ['SIGTERM', '']);
    assert.deepEqual(await added(), []);
  });

  it('forwards signals to the program, and keeps the lock until it has ended', async () => {
    const command = await start('');
    command.kill('SIGTERM');
    await command.prints('received TERM');
    command.kill('SIGUSR2');
    const { signal } = await command.ended; // sh has no handler for SIGUSR2
    assert.equal(signal, 'SIGUSR2');
    assert.ok(await isFree());
    const other = await start('');
    other.kill('SIGTERM');
    await other.prints('received TERM');
    assert.ok(!(await isFree()), 'the program still runs');
    other.kill('SIGINT');
    assert.equal((await other.ended).code, 4);
    assert.ok(await isFree());
  });

  it('releases the lock if the program cannot be run, and exits with 127', async () => {
    const { code, stderr } = await commands.run('lock', name, '--', '/no/such/program');
    assert.equal(code, 127);
    assert.match(stderr, /cannot run '\/no\/such\/program'/);
    assert.ok(await isFree());
  });

  for (const [what, lose] of losses) {
    it(`stops the program when ${what}, and exits with 125 whatever the code of the program is`, async () => {
      const command = await start(0);
      const { holder } = await queue();
      const waiter = commands.start('lock', name, '--', 'echo', 'ran next');
      await until('it waits', { timeoutMs }, hasWaiters(1));
      await lose(holder!);
      const { code, stdout, stderr } = await command.ended;
      assert.equal(code, 125);
      assert.match(stdout, /received TERM/);
      assert.match(stderr, /the lock '.*' was lost: .*; stopping the program/);
      assert.match((await waiter.ended).stdout, /ran next/);
    });
  }

  it('kills a program that ignores SIGTERM after --grace, with the processes that it started', async () => {
    const child = `trap '' TERM; echo "child $$"; exec sleep 600`;
    const parent = `trap 'exit 0' TERM; sh -c "$0" & echo "running, pid $$"; wait`;
    const command = commands.start('lock', name, '--grace', '300ms', '--', 'sh', '-c', parent, child);
    await command.prints(/child \d+/);
    const pid = Number(/child (\d+)/.exec(command.stdout)?.[1]);
    orphans.push(pid);
    await client.lease.revoke((await queue()).holder!.leaseId!);
    assert.equal((await command.ended).code, 125);
    await until('the child is killed', { timeoutMs }, () => !isAlive(pid));
    const stubborn = await start('', '--grace', '300ms');
    await client.lease.revoke((await queue()).holder!.leaseId!);
    const { code, stderr } = await stubborn.ended;
    assert.equal(code, 125);
    assert.match(stderr, /the program did not end within 300 ms; sending SIGKILL/);
    assert.ok(!isAlive(pidOf(stubborn)));
  });

  it('lets the next holder in when it is killed: its lease expires within the TTL', async () => {
    const killed = await start(0, '--ttl', '2');
    const next = commands.start('lock', name, '--', 'echo', 'ran next');
    await until('it waits', { timeoutMs }, hasWaiters(1));
    killed.kill('SIGKILL');
    process.kill(-pidOf(killed), 'SIGKILL');
    assert.match((await next.ended).stdout, /ran next/);
  });

  it('does not let a program continue that was suspended with it for longer than the TTL', async function () {
    if (process.platform !== 'linux') this.skip();
    const command = await start(5, '--ttl', '2');
    command.kill('SIGTSTP');
    await until('the lease expires', { timeoutMs }, isFree);
    command.kill('SIGCONT');
    const { code, stdout, stderr } = await command.ended;
    assert.equal(code, 125, stderr);
    assert.match(stdout, /received TERM/);
    assert.doesNotMatch(stdout, /received CONT/, 'it ends before it continues');
    assert.match(stderr, /was lost/);
  });

  it('does not continue such a program with --grace 0s', async function () {
    if (process.platform !== 'linux') this.skip();
    const command = await start('', '--ttl', '2', '--grace', '0s');
    command.kill('SIGTSTP');
    await until('the lease expires', { timeoutMs }, isFree);
    command.kill('SIGCONT');
    const { code, stdout, stderr } = await command.ended;
    assert.equal(code, 125, stderr);
    assert.doesNotMatch(stdout, /received/);
  });

  it('exits with 125 without a program too when the lock is lost', async () => {
    const command = commands.start('lock', name);
    await command.prints(name);
    await client.kv.delete({ prefix: `${name}/` });
    const { code, stderr } = await command.ended;
    assert.equal(code, 125);
    assert.match(stderr, /the lock '.*' was lost: its key is gone/);
  });

  it('exits as its program does if etcd is away at the release, and prints when the key expires', async function () {
    skipUnlessBreakable(this, etcd());
    const command = await start(6, '--ttl', '60', '--command-timeout', '500ms');
    await etcd().kill();
    command.kill('SIGTERM');
    const { code, stderr } = await command.ended;
    assert.equal(code, 6);
    assert.match(stderr, new RegExp(`${name}/[0-9a-f]+ was not deleted and expires within 60 s: `));
    await etcd().restart();
  });

  it('stops the program within the TTL when etcd is away', async function () {
    skipUnlessBreakable(this, etcd());
    const command = await start(0, '--ttl', '2');
    await etcd().kill();
    const { code, stdout } = await command.ended;
    assert.equal(code, 125);
    assert.match(stdout, /received TERM/);
    await etcd().restart();
  });

  it('exits with 3 if no etcd is reachable at the start', async () => {
    const env = { ETCDCTL_ENDPOINTS: '127.0.0.1:1' };
    const { code, stdout } = await commands.runWith(
      env,
      'lock',
      name,
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
    assert.notEqual((await commands.run('lock', name, '--', 'sh', '-c', line)).stdout, '0\n');
    assert.equal((await commands.run('lock', name, '--clean-env', '--', 'sh', '-c', line)).stdout, '0\n');
  });

  describe('and etcdctl lock', () => {
    it('exclude each other in both directions', async function () {
      const etcdctl = Etcdctl.orSkip(this, etcd());
      const held = await start(0);
      const theirs = etcdctl.run('lock', name, 'echo', 'etcdctl ran');
      await until('etcdctl waits', { timeoutMs }, hasWaiters(1));
      held.kill('SIGTERM');
      assert.match(await theirs, /etcdctl ran/);
      await until('it is free', { timeoutMs }, isFree);
      const holder = etcdctl.start('lock', name);
      try {
        await until('etcdctl holds it', { timeoutMs }, () => holder.stdout.includes(name));
        const ours = commands.start('lock', name, '--', 'echo', 'ours ran');
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

function pidOf({ stdout }: CommandProcess): number {
  return Number(/pid (\d+)/.exec(stdout)?.[1]);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
