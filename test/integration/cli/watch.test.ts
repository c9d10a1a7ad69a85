import assert from 'node:assert/strict';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { OneEndpoint } from './one-endpoint.js';
import { type CommandProcess, CommandRunner, skipWithoutScript } from './support.js';

describe('etcd-naming watch', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  const service = new OneEndpoint(etcd, 'watch');

  /** Makes three changes, each after the previous one is printed: concurrent changes are reported together. */
  const makeChanges = async (command: CommandProcess) => {
    const metadata = { weight: 0, status: 'draining' };
    await service.manager.addEndpoint(`${service.target}/e2`, { addr: '10.0.0.2:2' });
    await command.prints('e2');
    await service.manager.addEndpoint(`${service.target}/e2`, { addr: '10.0.0.2:2', metadata });
    await command.prints('draining');
    await service.manager.deleteEndpoint(`${service.target}/e2`);
    await command.prints('removed');
  };

  describe('in a pipe', () => {
    it('prints the endpoints, then one line for each change, and exits with 0 on SIGINT', async () => {
      const command = commands.start('watch', service.target);
      await command.prints('endpoint e1');
      await makeChanges(command);
      await command.prints('removed e2');
      command.kill('SIGINT');
      const { code, signal, stdout, stderr } = await command.ended;
      assert.deepEqual([code, signal, stderr], [0, null, '']);
      assert.ok(!stdout.includes(esc));
      const lines = stdout
        .trimEnd()
        .split('\n')
        .filter((line) => !line.includes(' unchanged '));
      const printed = lines.map((line) =>
        line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, '').replace(/revision=\d+/, 'revision=N'),
      );
      assert.deepEqual(printed, [
        'snapshot 1 endpoint reason=initial revision=N',
        'endpoint e1 10.0.0.1:1 weight=1 zone=a revision=N',
        'added e2 10.0.0.2:2 weight=1 revision=N',
        'changed e2 10.0.0.2:2 weight=0 status=draining revision=N',
        'removed e2 revision=N reason=drained',
      ]);
    });

    it('prints each event as a line of JSON with --json', async () => {
      const command = commands.start('watch', service.target, '--json');
      await command.prints('"snapshot"');
      await makeChanges(command);
      await command.prints('"removed":["e2"]');
      command.kill('SIGTERM');
      const { code, stdout } = await command.ended;
      assert.equal(code, 0);
      const events = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ type }) => type !== 'unchanged');
      assert.deepEqual(
        events.map(({ type }) => type),
        ['snapshot', 'delta', 'delta', 'delta'],
      );
      for (const { revision } of events) assert.match(String(revision), /^\d+$/);
      assert.deepEqual(
        events.map(({ departed }) => departed),
        [[], [], [], [{ id: 'e2', addr: '10.0.0.2:2', reason: 'drained' }]],
      );
    });

    it('prints why an endpoint left', async () => {
      const [revoked, kept] = await Promise.all(
        [1, 2].map(() => service.client.lease.grant({ ttlSeconds: 60 })),
      );
      const leases = { e2: revoked?.id, e3: kept?.id, e4: kept?.id };
      for (const [id, lease = 0n] of Object.entries(leases))
        await service.manager.addEndpoint(`${service.target}/${id}`, { addr: `${id}:1` }, { lease });
      const command = commands.start('watch', service.target);
      await command.prints('endpoint e4');
      await service.client.lease.revoke(revoked?.id ?? 0n);
      await command.prints(/removed e2 revision=\d+ reason=lease-ended\n/);
      await service.manager.deleteEndpoint(`${service.target}/e3`);
      await command.prints(/removed e3 revision=\d+ reason=deleted\n/);
      await service.client.kv.put(`${service.target}/e4`, 'no endpoint');
      await command.prints(/removed e4 revision=\d+ reason=invalid\n/);
      await service.manager.deleteEndpoint(`${service.target}/e4`);
      await command.prints(/deleted e4 revision=\d+\n/);
      await service.manager.deleteEndpoint(`${service.target}/e1`);
      await command.prints(/removed e1 revision=\d+ reason=deleted\n/);
    });

    it('prints that endpoints left because etcd lost its data', async function () {
      skipUnlessBreakable(this, etcd());
      const command = commands.start('watch', service.target);
      await command.prints('endpoint e1');
      await etcd().wipe();
      await command.prints(/snapshot 0 endpoints reason=rolled-back/);
      await command.prints(/removed e1 revision=\d+ reason=store-replaced\n/);
    });

    it('prints an outage of etcd, and continues when etcd returns', async function () {
      skipUnlessBreakable(this, etcd());
      const command = commands.start('watch', service.target);
      await command.prints('endpoint e1');
      await etcd().kill();
      await command.prints(/outage etcd is unreachable for \d+ s: UNAVAILABLE/);
      await etcd().restart();
      await command.prints(/recovered etcd is reachable again after \d+ s/);
      await makeChanges(command);
      await command.prints('removed e2');
      command.kill('SIGINT');
      assert.equal((await command.ended).code, 0);
    });

    for (const option of ['', '--json'])
      it(`ends when its reader exits, although nothing changes ${option}`, async () => {
        const { signal, stdout, stderr } = await commands.shell(
          `"$0" "$1" watch '${service.target}-quiet' ${option} | head -n 1`,
        );
        assert.deepEqual([signal, stderr], [null, '']);
        assert.match(stdout, /^[^\n]*snapshot[^\n]*\n$/);
      });

    it('ends when its reader closes the pipe', async () => {
      const command = commands.start('watch', service.target);
      await command.prints('endpoint e1');
      command.closeStdout();
      await service.manager.deleteEndpoint(`${service.target}/e1`);
      const { code, signal, stderr } = await command.ended;
      assert.deepEqual([code, signal, stderr], [0, null, '']);
    });
  });

  describe('on a terminal', () => {
    before(async function () {
      await skipWithoutScript(this);
    });

    it('draws a table in place, and shows the cursor again on Ctrl-C', async () => {
      const command = commands.startOnTerminal('watch', service.target);
      await command.prints(/e1 +10\.0\.0\.1:1 +1 +a +- +permanent/);
      await makeChanges(command);
      await command.prints(/e2 +10\.0\.0\.2:2 +0 +- +draining +permanent +removed 0 s ago: drained/);
      command.type('\x03');
      const { code, stdout } = await command.ended;
      assert.equal(code, 0);
      const [shown, hidden] = ['\x1b[?25h', '\x1b[?25l'].map((sequence) => stdout.lastIndexOf(sequence));
      assert.ok(hidden! >= 0 && shown! > hidden!, 'the cursor is hidden, and shown again at the end');
      assert.ok(!stdout.includes('\x1b[2J'), 'the screen is never cleared, which would flicker');
      const screen = render(stdout, 20);
      assert.equal(screen.filter((line) => line.startsWith('ID ')).length, 1, screen.join('\n'));
      assert.match(screen[0] ?? '', new RegExp(`^${service.target}: 1 endpoint, revision \\d+, live$`));
    });

    it('draws the table on a terminal that does not know its size', async () => {
      const command = commands.startOnTerminalOfSize('cols 0 rows 0', 'watch', service.target);
      await command.prints(/e1 +10\.0\.0\.1:1 +1 +a +- +permanent/);
    });

    it('aligns columns that contain wide characters', async () => {
      await service.manager.addEndpoint(`${service.target}/東京`, { addr: '10.0.0.3:3' });
      const command = commands.startOnTerminal('watch', service.target);
      await command.prints('東京');
      await command.prints(/ID {4}ADDR/);
      await command.prints(/東京 {2}10\.0\.0\.3:3/);
      await command.prints(/e1 {4}10\.0\.0\.1:1/);
    });

    it('shows the duration of an outage, and its end', async function () {
      skipUnlessBreakable(this, etcd());
      const command = commands.startOnTerminal('watch', service.target);
      await command.prints('live');
      await etcd().kill();
      await command.prints(/etcd is unreachable for [1-9]\d* s, showing the last known state/);
      await etcd().restart();
      await command.prints(/live again after \d+ s/);
    });
  });

  it('exits at the start if etcd is unreachable, instead of waiting', async () => {
    const env = { ETCDCTL_ENDPOINTS: '127.0.0.1:1', ETCDCTL_COMMAND_TIMEOUT: '500ms' };
    const { code, stdout, stderr } = await commands.runWith(env, 'watch', service.target);
    assert.deepEqual([code, stdout], [3, '']);
    assert.match(stderr, /^etcd-naming: .*127\.0\.0\.1:1.*\n$/);
  });
});

const esc = '\x1b';
const sequences = new RegExp(`${esc}\\[(\\d+)A|${esc}\\[\\??[\\d;]*[A-Za-z]|\\r|\\n|[^${esc}\\r\\n]+`, 'g');

/** The lines that a terminal shows after this output. Implements the control sequences that the table uses. */
function render(output: string, rows: number): string[] {
  const screen: string[] = Array.from({ length: rows }, () => '');
  let [row, column] = [0, 0];
  for (const [token, up] of output.matchAll(sequences)) {
    if (up !== undefined) row = Math.max(0, row - Number(up));
    else if (token === '\r') column = 0;
    else if (token === '\n') row++;
    else if (token === '\x1b[K') screen[row] = (screen[row] ?? '').slice(0, column);
    else if (token === '\x1b[J') screen.splice(row, rows, (screen[row] ?? '').slice(0, column));
    else if (!token.startsWith('\x1b')) {
      const line = screen[row] ?? '';
      screen[row] = line.slice(0, column).padEnd(column) + token + line.slice(column + token.length);
      column += token.length;
    }
  }
  return screen;
}
