import assert from 'node:assert/strict';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { OneEndpoint } from './one-endpoint.js';
import { CommandRunner, skipWithoutScript } from './support.js';

describe('etcd-naming ls --watch', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  const service = new OneEndpoint(etcd, 'ls-watch');

  it('prints the whole list again after each change, and exits with 0 on SIGINT', async () => {
    const command = commands.start('ls', service.target, '--watch');
    await command.prints(`${service.target}: 1 endpoint, revision `);
    await service.manager.addEndpoint(`${service.target}/e2`, { addr: '10.0.0.2:2' });
    await command.prints(`${service.target}: 2 endpoints, revision `);
    await command.prints('e2  10.0.0.2:2');
    await service.manager.deleteEndpoint(`${service.target}/e1`);
    await command.prints(
      /: 1 endpoint, revision \d+\nID [^\n]*\ne2 [^\n]*\ne1 10\.0\.0\.1:1 left: deleted\n\n/,
    );
    command.kill('SIGINT');
    const { code, signal, stderr } = await command.ended;
    assert.deepEqual([code, signal, stderr], [0, null, '']);
  });

  it('prints each list as a document with --json', async () => {
    const command = commands.start('ls', service.target, '--watch', '--json');
    await command.prints('"id":"e1"');
    await service.manager.addEndpoint(`${service.target}/e2`, { addr: '10.0.0.2:2' });
    await command.prints('"id":"e2"');
    command.kill('SIGTERM');
    const { code, stdout } = await command.ended;
    assert.equal(code, 0);
    const lists = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { time: string; endpoints: { id: string }[] });
    assert.match(lists[0]?.time ?? '', /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(
      lists.at(-1)?.endpoints.map(({ id }) => id),
      ['e1', 'e2'],
    );
  });

  it('prints why endpoints left, and that a lease probably expired if it had not been renewed', async () => {
    const [late, revoked] = await Promise.all([
      service.client.lease.grant({ ttlSeconds: 5 }),
      service.client.lease.grant({ ttlSeconds: 600 }),
    ]);
    for (const [id, lease] of [
      ['e2', late.id],
      ['e3', revoked.id],
    ] as const)
      await service.manager.addEndpoint(`${service.target}/${id}`, { addr: `${id}:1` }, { lease });
    const command = commands.start('ls', service.target, '--watch', '--json');
    await command.prints('"id":"e3"');
    await service.client.lease.revoke(revoked.id);
    const left = (id: string, reason: string, likelyExpired: boolean) =>
      `"departed":[{"id":"${id}","addr":"${id}:1","reason":"${reason}","likelyExpired":${likelyExpired}}]`;
    await command.prints(left('e3', 'lease-ended', false));
    await eventually('the lease is about to expire', async () => {
      const found = await service.client.lease.timeToLive(late.id);
      return (found?.remainingSeconds ?? 0) <= 1;
    });
    await service.manager.addEndpoint(`${service.target}/e1`, { addr: '10.0.0.1:9' }); // the list is read again
    await command.prints('"addr":"10.0.0.1:9"');
    await command.prints(left('e2', 'lease-ended', true));
  });

  it('prints that an endpoint was drained whose status changed immediately before its record was deleted', async () => {
    const [id, value] = ['e2', (status: string) => JSON.stringify({ Addr: 'e2:1', Metadata: { status } })];
    const [key, lease] = [`${service.target}/${id}`, await service.client.lease.grant({ ttlSeconds: 600 })];
    await service.client.kv.put(key, value(''), { lease: lease.id });
    const [text, json] = [[], ['--json']].map((more) =>
      commands.start('ls', service.target, '--watch', ...more),
    );
    await Promise.all([text?.prints('e2:1'), json?.prints('e2:1')]);
    await service.client.kv.put(key, value('draining'), { lease: lease.id });
    await service.client.lease.revoke(lease.id);
    await text?.prints('e2 e2:1 left: drained\n');
    await json?.prints('"departed":[{"id":"e2","addr":"e2:1","reason":"drained","likelyExpired":false}]');
  });

  it('prints that a value was not an endpoint immediately before its key was deleted', async () => {
    const command = commands.start('ls', service.target, '--watch');
    await command.prints('1 endpoint');
    await service.client.kv.put(`${service.target}/e1`, 'no endpoint');
    await service.client.kv.delete(`${service.target}/e1`);
    await command.prints('e1 10.0.0.1:1 left: invalid\n');
  });

  it('follows the services below a prefix', async () => {
    const prefix = service.target.slice(0, -'svc'.length);
    const command = commands.start('ls', '--prefix', prefix, '--watch');
    await command.prints(`1 service below '${prefix}'`);
    await service.client.kv.put(`${prefix}other/e1`, '{"Addr":"10.0.0.9:1"}');
    await command.prints(new RegExp(`2 services below '${prefix}'.*\\n.*\\n${prefix}other +1`));
  });

  it('prints an empty list, and the first endpoint when it is added', async () => {
    const command = commands.start('ls', `${service.target}2`, '--watch');
    await command.prints('0 endpoints');
    await service.client.kv.put(`${service.target}2/e1`, '{"Addr":"10.0.0.9:1"}');
    await command.prints('e1  10.0.0.9:1');
  });

  it('ends when its reader has closed the pipe, although nothing changes', async () => {
    const { stdout } = await commands.shell(`"$0" "$1" ls ${service.target} --watch | head -1`);
    assert.match(stdout, /1 endpoint/);
  });

  it('fails at the start if no etcd answers', async () => {
    const env = { ETCDCTL_ENDPOINTS: '127.0.0.1:1', ETCDCTL_COMMAND_TIMEOUT: '500ms' };
    const { code, stdout } = await commands.runWith(env, 'ls', service.target, '--watch');
    assert.deepEqual([code, stdout], [3, '']);
  });

  it('reports an outage of etcd, and continues when etcd returns', async function () {
    skipUnlessBreakable(this, etcd());
    const command = commands.startWith({ ETCDCTL_COMMAND_TIMEOUT: '1s' }, 'ls', service.target, '--watch');
    await command.prints('1 endpoint');
    await etcd().stop();
    await command.prints('warning: etcd is unreachable for');
    await etcd().restart();
    await command.prints('etcd is reachable again after');
    await service.manager.addEndpoint(`${service.target}/e2`, { addr: '10.0.0.2:2' });
    await command.prints('2 endpoints');
  });

  describe('on a terminal', () => {
    before(async function () {
      await skipWithoutScript(this);
    });

    it('redraws the list in place, and reads the remaining times of leases again', async () => {
      const { id } = await service.client.lease.grant({ ttlSeconds: 600 });
      await service.client.kv.put(`${service.target}/e2`, '{"Addr":"10.0.0.2:2"}', { lease: id });
      const command = commands.startOnTerminal('ls', service.target, '--watch');
      await command.prints(/2 endpoints, revision \d+, live/);
      await command.prints('of 600 s left');
      await command.prints(/59[0-4] of 600 s left/); // at least 6 s after the lease was granted
      await service.manager.deleteEndpoint(`${service.target}/e1`);
      await command.prints(/1 endpoint, revision \d+, live/);
      await command.prints(/e1 10\.0\.0\.1:1 left: deleted, \d s ago/);
      command.type('\x03');
      const { code, stdout } = await command.ended;
      assert.equal(code, 0);
      assert.ok(stdout.includes('\x1b[4A'), 'redrawn over 4 lines');
      assert.ok(stdout.endsWith('\x1b[?25h'), 'the cursor is shown again');
    });

    it('shows the duration of an outage, updated each second, and its end', async function () {
      skipUnlessBreakable(this, etcd());
      const command = commands.startOnTerminal('ls', service.target, '--watch');
      await command.prints(/1 endpoint, revision \d+, live/);
      await etcd().stop();
      await command.prints(/etcd is unreachable for [1-9] s/);
      await etcd().restart();
      await command.prints(/live again after \d+ s/);
    });
  });
});
