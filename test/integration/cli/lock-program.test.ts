import assert from 'node:assert/strict';
import { until } from '#src/testing/wait.js';
import { skip, skipUnlessBreakable } from '../../support/etcd.js';
import { isAlive } from '../testing/support.js';
import { pidOf, timeoutMs, useLockCommands } from './lock-support.js';

describe('etcd-naming lock with a program', function () {
  this.timeout(60_000);
  const { etcd, commands, client, name, start, queue, isFree, hasWaiters, losses, orphans } =
    useLockCommands();

  it('releases the lock when the program ends, while a process that it left in the background runs', async () => {
    const line = 'sleep 600 > /dev/null 2>&1 & echo "pid $!"';
    const command = commands.start('lock', name(), '--', 'sh', '-c', line);
    const { code, stdout } = await command.ended;
    const pid = Number(/pid (\d+)/.exec(stdout)?.[1]);
    orphans.push(pid);
    assert.equal(code, 0);
    assert.ok(isAlive(pid));
    assert.ok(await isFree());
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
    const { code, stderr } = await commands.run('lock', name(), '--', '/no/such/program');
    assert.equal(code, 127);
    assert.match(stderr, /cannot run '\/no\/such\/program'/);
    assert.ok(await isFree());
  });

  for (const [what, lose] of losses) {
    it(`stops the program when ${what}, and exits with 125 whatever the code of the program is`, async () => {
      const command = await start(0);
      const { holder } = await queue();
      const waiter = commands.start('lock', name(), '--', 'echo', 'ran next');
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
    const command = commands.start('lock', name(), '--grace', '300ms', '--', 'sh', '-c', parent, child);
    await command.prints(/child \d+/);
    const pid = Number(/child (\d+)/.exec(command.stdout)?.[1]);
    orphans.push(pid);
    await client().lease.revoke((await queue()).holder!.leaseId!);
    assert.equal((await command.ended).code, 125);
    await until('the child is killed', { timeoutMs }, () => !isAlive(pid));
    const stubborn = await start('', '--grace', '300ms');
    await client().lease.revoke((await queue()).holder!.leaseId!);
    const { code, stderr } = await stubborn.ended;
    assert.equal(code, 125);
    assert.match(stderr, /the program did not end within 300 ms; sending SIGKILL/);
    assert.ok(!isAlive(pidOf(stubborn)));
  });

  it('lets the next holder in when it is killed: its lease expires within the TTL', async () => {
    const killed = await start(0, '--ttl', '2');
    const next = commands.start('lock', name(), '--', 'echo', 'ran next');
    await until('it waits', { timeoutMs }, hasWaiters(1));
    killed.kill('SIGKILL');
    process.kill(-pidOf(killed), 'SIGKILL');
    assert.match((await next.ended).stdout, /ran next/);
  });

  it('does not let a program continue that was suspended with it for longer than the TTL', async function () {
    if (process.platform !== 'linux') skip(this, 'the command suspends its program on Linux alone');
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
    if (process.platform !== 'linux') skip(this, 'the command suspends its program on Linux alone');
    const command = await start('', '--ttl', '2', '--grace', '0s');
    command.kill('SIGTSTP');
    await until('the lease expires', { timeoutMs }, isFree);
    command.kill('SIGCONT');
    const { code, stdout, stderr } = await command.ended;
    assert.equal(code, 125, stderr);
    assert.doesNotMatch(stdout, /received/);
  });

  it('exits as its program does if etcd is away at the release, and prints when the key expires', async function () {
    skipUnlessBreakable(this, etcd());
    const command = await start(6, '--ttl', '60', '--command-timeout', '500ms');
    await etcd().kill();
    command.kill('SIGTERM');
    const { code, stderr } = await command.ended;
    assert.equal(code, 6);
    assert.match(stderr, new RegExp(`${name()}/[0-9a-f]+ was not deleted and expires within 60 s: `));
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
});
