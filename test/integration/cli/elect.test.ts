import assert from 'node:assert/strict';
import type { Term } from '#src/election/index.js';
import { until } from '#src/testing/wait.js';
import { skipUnlessBreakable } from '../../support/etcd.js';
import { Etcdctl } from '../../support/etcdctl.js';
import { timeoutMs, useNamedCommands } from './lock-support.js';
import type { CommandProcess } from './support.js';

/** Prints its variables, and ends with 3 on SIGTERM. */
const program = `
  trap 'echo received TERM; exit 3' TERM
  echo "running, pid $$, key $ETCD_LOCK_KEY, revision $ETCD_LOCK_REV"
  while :; do sleep 600 & wait $!; done
`;

describe('etcd-naming elect', function () {
  this.timeout(60_000);
  const { etcd, commands, client, name } = useNamedCommands('elect');

  const leader = () => client().election.leader(name());
  const hasCandidates = (count: number) => async () =>
    (await client().kv.range({ prefix: `${name()}/` }, { countOnly: true })).count === BigInt(count);

  /** Elects a candidate of this process. */
  async function elected(value: string): Promise<Term> {
    // Not a loop: leaving it would resign.
    const { value: term } = await client().election.campaign(name(), value)[Symbol.asyncIterator]().next();
    return term!;
  }

  async function start(value: string, ...options: string[]): Promise<CommandProcess> {
    const command = commands.start('elect', name(), value, ...options, '--', 'sh', '-c', program);
    await command.prints(/running, pid \d+/);
    return command;
  }

  it('runs the program while it leads, with the variables of a lock, and exits with its code', async () => {
    const command = await start('host-1');
    const found = await leader();
    assert.equal(String(found?.value), 'host-1');
    const [, key, revision = ''] = /key (\S+), revision (\d+)/.exec(command.stdout) ?? [];
    assert.equal(key, String(found?.key));
    assert.ok(BigInt(revision) >= (found?.createRevision ?? 0n));
    command.kill('SIGTERM');
    assert.equal((await command.ended).code, 3);
    assert.equal(await leader(), undefined);
  });

  it('prints the key and the value without a program, and resigns on SIGTERM with the code 0', async () => {
    const command = commands.start('elect', name(), 'host-1');
    await command.prints('host-1\n');
    assert.equal(command.stdout, `${(await leader())?.key}\nhost-1\n`);
    command.kill('SIGTERM');
    assert.equal((await command.ended).code, 0);
    assert.ok(await hasCandidates(0)());
  });

  it('waits for the leader, and leads when it has resigned', async () => {
    const term = await elected('other');
    const command = commands.start('elect', name(), 'host-2', '--json');
    await command.prints(`waiting for the election '${name()}': the leader is ${term.key}, 'other'`);
    await until('it waits', { timeoutMs }, hasCandidates(2));
    assert.equal(command.stdout, '');
    await term.resign();
    await command.prints('}');
    const found = await leader();
    const { revision, ...rest } = JSON.parse(command.stdout) as Record<string, unknown>;
    assert.ok(BigInt(String(revision)) > term.token);
    assert.deepEqual(rest, {
      name: name(),
      key: String(found?.key),
      value: 'host-2',
      lease: String(found?.leaseId),
    });
  });

  it('exits with 124 if it does not lead in time, and dies by a signal that ends its wait', async () => {
    const term = await elected('other');
    const late = await commands.run('elect', name(), 'host-2', '--timeout', '300ms', '--', 'echo', 'ran');
    assert.deepEqual([late.code, late.stdout], [124, '']);
    assert.match(late.stderr, /the election '.*' was not won within 300 ms/);
    assert.ok(await hasCandidates(1)(), 'its key is gone when it has ended');
    const command = commands.start('elect', name(), 'host-2', '--', 'echo', 'ran');
    await until('it waits', { timeoutMs }, hasCandidates(2));
    command.kill('SIGTERM');
    const { signal, stdout } = await command.ended;
    assert.deepEqual([signal, stdout], ['SIGTERM', '']);
    assert.ok(await hasCandidates(1)(), 'its key is gone when it has ended');
    await term.resign();
  });

  it('does not wait with --timeout 0s, and wins an election without a leader', async () => {
    const attempt = () => commands.run('elect', name(), 'host-2', '--timeout', '0s', '--', 'echo', 'ran');
    const term = await elected('other');
    const late = await attempt();
    assert.deepEqual([late.code, late.stdout], [124, '']);
    assert.match(late.stderr, /the election '.*' has a leader: the leader is .*, 'other'/);
    assert.ok(await hasCandidates(1)());
    await term.resign();
    const { code, stdout, stderr } = await attempt();
    assert.deepEqual([code, stdout], [0, 'ran\n'], stderr);
    assert.ok(await hasCandidates(0)());
  });

  it('resigns if the output cannot be written', async () => {
    const term = await elected('other');
    const command = commands.start('elect', name(), 'host-2', '--ttl', '60');
    await until('it waits', { timeoutMs }, hasCandidates(2));
    command.closeStdout();
    await term.resign();
    assert.equal((await command.ended).code, 0);
    assert.ok(await hasCandidates(0)(), 'its key is gone when it has ended');
  });

  it('stops the program when the leadership is lost, and exits with 125', async () => {
    const command = await start('host-1');
    await client().lease.revoke((await leader())!.leaseId!);
    const { code, stdout, stderr } = await command.ended;
    assert.equal(code, 125, stderr);
    assert.match(stdout, /received TERM/);
    assert.match(stderr, /was lost: .*; stopping the program/);
  });

  describe('with --observe', () => {
    it('prints the leader, what it proclaims, and that there is none, until a signal ends it', async () => {
      const command = commands.start('elect', '--observe', name());
      await command.prints(/ no-leader\n/);
      const term = await elected('host 1');
      await command.prints('value=host 1\n');
      await term.proclaim('host 1, ready');
      await command.prints('value=host 1, ready\n');
      const { modRevision } = (await leader())!;
      await term.resign();
      await command.prints(/ no-leader\n.* no-leader\n/s);
      command.kill('SIGINT');
      const { code, stdout } = await command.ended;
      assert.equal(code, 0);
      const line = new RegExp(
        ` leader ${term.key} lease-id=[0-9a-f]{16} revision=${modRevision} value=host 1, ready\n`,
      );
      assert.match(stdout, line);
    });

    it('prints one line of JSON for each change', async () => {
      const value = Buffer.from([0xff]);
      const term = await elected('host-1');
      const command = commands.start('elect', '-l', name(), '--json');
      await command.prints('"host-1"');
      await term.proclaim(value);
      await command.prints('base64');
      const found = (await leader())!;
      await term.resign();
      await command.prints('no-leader');
      command.kill('SIGTERM');
      const lines = (await command.ended).stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const documents = lines.map(({ time, ...rest }) => rest).filter(({ type }) => type !== 'unchanged');
      const key = String(term.key);
      const lease = String(term.leaseId);
      const createRevision = String(found.createRevision);
      assert.deepEqual(documents, [
        { type: 'leader', key, value: 'host-1', lease, createRevision, modRevision: createRevision },
        {
          type: 'leader',
          key,
          value: { base64: '/w==' },
          lease,
          createRevision,
          modRevision: String(found.modRevision),
        },
        { type: 'no-leader' },
      ]);
    });

    it('survives an outage of etcd, and reports it', async function () {
      skipUnlessBreakable(this, etcd());
      const command = commands.start('elect', '--observe', name());
      await command.prints('no-leader');
      await etcd().kill();
      await command.prints(/outage etcd is unreachable/);
      await etcd().restart();
      await command.prints(/recovered etcd is reachable again/);
      const term = await elected('host-1');
      await command.prints('value=host-1');
      await term.resign();
    });

    it('exits with 3 if no etcd is reachable at the start', async () => {
      const env = { ETCDCTL_ENDPOINTS: '127.0.0.1:1' };
      const { code } = await commands.runWith(env, 'elect', '-l', name(), '--command-timeout', '500ms');
      assert.equal(code, 3);
    });
  });

  it('takes turns with etcdctl elect', async function () {
    const etcdctl = Etcdctl.orSkip(this, etcd());
    const command = await start('ours');
    const theirs = etcdctl.start('elect', name(), 'theirs');
    try {
      await until('etcdctl waits', { timeoutMs }, hasCandidates(2));
      command.kill('SIGTERM');
      await until('etcdctl leads', { timeoutMs }, () => theirs.stdout.includes('theirs'));
      const next = commands.start('elect', name(), 'ours again');
      await until('the command waits', { timeoutMs }, hasCandidates(2));
      await theirs.stop();
      await next.prints('ours again\n');
    } finally {
      await theirs.stop();
    }
  });
});
