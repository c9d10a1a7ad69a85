import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Output } from '#src/cli/output/io.js';
import { run } from '#src/cli/run.js';
import { EtcdClient } from '#src/client/index.js';
import { until } from '#src/testing/wait.js';
import { useEtcd } from '../../support/etcd.js';
import { hostileText, isPrintable } from '../../support/hostile-text.js';
import { type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';
import { CommandRunner } from './support.js';

/** A terminal that records what is written to it. */
class Terminal implements Output {
  readonly isTTY = true;
  readonly columns = 120;
  readonly rows = 40;
  text = '';

  write(more: string | Uint8Array): void {
    this.text += typeof more === 'string' ? more : Buffer.from(more).toString();
  }
}

/** The control sequences that the live table and the doctor's progress write. */
const tableSequences = new RegExp(`${'\x1b'}\\[(\\?25[lh]|\\?2026[hl]|\\d+A|K|J|2J|H)|\\r`, 'g');

const record = fc
  .tuple(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 12 }),
      hostileText.map((text) => Buffer.from(`x${text}`)),
    ),
    fc.oneof(
      fc
        .record({ Addr: hostileText, zone: hostileText, status: hostileText, [`x`]: hostileText })
        .map(({ Addr, ...Metadata }) => JSON.stringify({ Op: 0, Addr, Metadata })),
      hostileText,
      hostileText.map((text) => JSON.stringify({ Op: text, Addr: [text] })),
    ),
  )
  .map(([id, value]) => ({ id, value }));

describe('etcd-naming on a terminal', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  let target: string;
  let round = 0;

  before(() => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
  });

  after(() => client.close());

  beforeEach(() => {
    target = `${etcd().prefix}terminal-${++round}`;
  });

  const put = (id: Uint8Array | string, value: string) =>
    client.kv.put(Buffer.concat([Buffer.from(`${target}/`), Buffer.from(id)]), value);

  /** Runs the command in this process, and returns everything it writes to its terminal. */
  const outputOf = async (args: readonly string[], endpoints: readonly string[]): Promise<string> => {
    const terminal = new Terminal();
    const env = { ETCDCTL_ENDPOINTS: endpoints.join(','), ETCDCTL_COMMAND_TIMEOUT: '2s' };
    await run(args, { stdout: terminal, stderr: terminal, env });
    return terminal.text;
  };
  const assertPrintable = (text: string, args: readonly string[]) =>
    assert.ok(
      isPrintable(isRedrawn(args) ? text.replace(tableSequences, '') : text, '\n'),
      `${args.join(' ')}: ${JSON.stringify(text)}`,
    );
  const isRedrawn = ([command = '', , option]: readonly string[]) =>
    command === 'watch' || (command === 'doctor' && option !== '--json');

  it('escapes stored text in every view', async () => {
    const views = [
      ...[['ls'], ['ls', '--json'], ['get'], ['get', '--raw'], ['get', '--json']],
      ...[['doctor'], ['doctor', '--json']],
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 5 }), async (records) => {
        await client.kv.delete({ prefix: `${target}/` });
        for (const { id, value } of records) await put(id, value);
        for (const [command = '', ...options] of views) {
          const args = [command, target, ...options];
          assertPrintable(await outputOf(args, etcd().endpoints), args);
        }
        const hex = Buffer.from(records[0]!.id).toString('hex');
        for (const command of ['get', 'drain', 'rm']) {
          const args = [command, target, '--hex', hex];
          assertPrintable(await outputOf(args, etcd().endpoints), args);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('escapes stored text in the live table', async () => {
    const hostile = '\x1b]0;t\x07\x1b[2J\u202e\u2066東';
    await put(
      `a${hostile}`,
      JSON.stringify({ Addr: `1.2.3.4:1${hostile}`, Metadata: { zone: hostile, status: hostile } }),
    );
    const terminal = new Terminal();
    const env = { ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') };
    const watching = run(['watch', target], { stdout: terminal, stderr: terminal, env });
    await until('the table shows the record', { timeoutMs: 20_000 }, () =>
      terminal.text.includes('1 endpoint'),
    );
    await put('b', hostile);
    await until('the table counts the invalid record', { timeoutMs: 20_000 }, () =>
      terminal.text.includes('1 invalid'),
    );
    await turn();
    process.emit('SIGTERM', 'SIGTERM');
    assert.equal(await watching, 0);
    assertPrintable(terminal.text, ['watch']);
  });

  describe('with a server that sends arbitrary error texts', () => {
    let server: ScriptedServer;
    let errorText = '';

    before(async () => {
      server = await startScriptedServer((call) => call.end(7, Buffer.from(errorText).toString()));
    });

    after(() => server.close());

    it('escapes the text and prints it on one line', async () => {
      await fc.assert(
        fc.asyncProperty(hostileText, async (text) => {
          errorText = text;
          for (const args of [
            ['ls'],
            ['get', 'svc', 'e'],
            ['rm', 'svc', 'e'],
            ['doctor', 'svc'],
            ['watch', 'svc'],
          ])
            assertPrintable(await outputOf(args, [server.endpoint]), args);
          const debug = await outputOf(['ls', '--debug'], [server.endpoint]);
          assertPrintable(debug, ['ls', '--debug']);
        }),
        { numRuns: 10 },
      );
    });
  });

  it('lists 500 records, of which one has a zone of 1.4 MB', async () => {
    const puts = Array.from({ length: 500 }, (_, i) => put(`e${i}`, `{"Addr":"10.0.0.1:${i + 1}"}`));
    await Promise.all(puts);
    const zone = 'z'.repeat(1_400_000);
    await put('e500', JSON.stringify({ Addr: '10.0.0.1:501', Metadata: { zone } }));
    const { code, stdout } = await commands.run('ls', target);
    assert.equal(code, 0);
    assert.equal(stdout.trimEnd().split('\n').length, 502);
    assert.ok(stdout.length < 200_000, `${stdout.length} characters`);
    const { endpoints } = await commands.json<{ endpoints: { id: string; zone: string | null }[] }>(
      'ls',
      target,
    );
    assert.equal(endpoints.find(({ id }) => id === 'e500')?.zone, zone);
  });
});
