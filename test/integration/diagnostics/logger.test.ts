import assert from 'node:assert/strict';
import { once } from 'node:events';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { diagnosticsOf, type Logger, type LogLevel, lockTopic, memberTopic } from '#src/diagnostics/index.js';
import { ClosedError, Code, EtcdError } from '#src/errors/index.js';
import { RangeResponse } from '#src/gen/etcd/rpc.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { type ScriptedCall, useScriptedServer } from '../../support/scripted-server.js';

const hostile = '\n\r\x1b[2J\x07\u202e\u2028';

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const unavailable = (call: ScriptedCall) => call.end(Code.UNAVAILABLE, 'etcdserver: request timed out');
const answer = (call: ScriptedCall) =>
  call.reply(RangeResponse.encode(RangeResponse.fromPartial({ header: { revision: 1n } })).finish());

describe('the logger of a client', () => {
  /** How the next reads are answered; the others succeed. */
  let refusals: ((call: ScriptedCall) => void)[] = [];
  const server = useScriptedServer((call) => (refusals.shift() ?? answer)(call));
  let clients: EtcdClient[] = [];

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    clients = [];
    refusals = [];
  });

  function connect(logger: Logger, options: Partial<EtcdClientOptions> = {}): EtcdClient {
    const client = new EtcdClient({ endpoints: [server().endpoint], name: 'logged', logger, ...options });
    clients.push(client);
    return client;
  }

  function connectWithLines(): { readonly client: EtcdClient; readonly lines: readonly Line[] } {
    const lines: Line[] = [];
    const client = connect((level, message, fields) => lines.push({ level, message, fields }));
    assert.deepEqual(
      lines.splice(0).map(({ fields }) => fields['type']),
      ['opened'],
    );
    return { client, lines };
  }

  const retried = (lines: readonly Line[]) => lines.filter(({ fields }) => fields['topic'] === 'retry');

  it('receives an attempt that is repeated, as a text and as fields', async () => {
    const { client, lines } = connectWithLines();
    refusals = [unavailable];
    await client.kv.get('a', { serializable: true });
    const [line, ...others] = retried(lines);
    assert.equal(others.length, 0);
    assert.equal(line?.level, 'debug');
    const { endpoint } = server();
    assert.match(
      line.message,
      new RegExp(`^attempt 1 of Range on ${endpoint} failed, and another is sent: UNAVAILABLE: `),
    );
    const { error, ...fields } = line.fields;
    assert.ok(error instanceof EtcdError);
    assert.deepEqual(fields, {
      topic: 'retry',
      client: 'logged',
      service: 'etcdserverpb.KV',
      method: 'Range',
      attempt: 1,
      endpoint,
    });
  });

  it('receives fields that JSON.stringify writes, with exact bigints and with the error of a caller', () => {
    const { client, lines } = connectWithLines();
    const diagnostics = diagnosticsOf(client);
    const token = 2n ** 62n + 1n;
    diagnostics.publish(lockTopic, { type: 'acquired', name: 'jobs', token, waitedMs: 1.5 });
    const error = new EtcdError('no space', { code: Code.RESOURCE_EXHAUSTED });
    diagnostics.publish(lockTopic, { type: 'lost', name: 'jobs', token, heldMs: 5, error });
    const cyclic: Record<string, unknown> = { token };
    cyclic['self'] = cyclic;
    for (const reason of [cyclic, new TypeError('stopped'), undefined, 5n, Object.create(null)])
      diagnostics.publish(lockTopic, { type: 'not-acquired', name: 'jobs', error: reason });
    const written = lines.map(({ fields }) => JSON.parse(JSON.stringify(fields)));
    const common = { topic: 'lock', client: 'logged', name: 'jobs' };
    assert.deepEqual(written[0], { ...common, type: 'acquired', token: String(token), waitedMs: 1.5 });
    assert.equal(written[1].error.message, error.message);
    assert.deepEqual(
      written.slice(2).map((fields) => fields.error),
      [
        '[object Object]',
        { name: 'TypeError', message: 'stopped' },
        undefined,
        '5',
        'an object without a text',
      ],
    );
  });

  it('receives one line without control characters, whatever the texts of the event are', () => {
    const { client, lines } = connectWithLines();
    diagnosticsOf(client).publish(memberTopic, { type: 'recovered', endpoint: `a:1${hostile}` });
    diagnosticsOf(client).publish(memberTopic, { type: 'list-changed', endpoints: [`a:1${hostile}`] });
    assert.equal(lines.length, 2);
    for (const { message } of lines) assert.doesNotMatch(message, /\p{C}|\p{Zl}|\p{Zp}/u);
  });

  for (const [what, logger] of Object.entries<Logger>({
    throws: () => {
      throw new Error('the disk is full');
    },
    'returns a promise that rejects': async () => {
      throw new Error('the disk is full');
    },
  })) {
    it(`that ${what} causes a process warning, and the call succeeds`, async () => {
      const client = connect(logger);
      refusals = [unavailable];
      const [[warning]] = await Promise.all([
        once(process, 'warning'),
        client.kv.get('a', { serializable: true }),
      ]);
      assert.equal(warning.code, 'ETCD_NAMING_CALLBACK');
      assert.equal(warning.message, 'logger failed: Error: the disk is full');
    });
  }

  it('can close the client: the call that is logged rejects', async () => {
    let closed: Promise<void> | undefined;
    const client = connect((_, __, { topic }) => {
      if (topic === 'retry') closed ??= client.close();
    });
    refusals = [unavailable];
    await assert.rejects(client.kv.get('a', { serializable: true }), ClosedError);
    assert.ok(closed);
    await closed;
  });

  it('can call the client', async () => {
    const nested: Promise<unknown>[] = [];
    const client = connect((_, __, { topic }) => {
      if (topic === 'retry' && nested.length === 0) nested.push(client.kv.get('b', { serializable: true }));
    });
    refusals = [unavailable];
    await client.kv.get('a', { serializable: true });
    assert.equal(nested.length, 1);
    await nested[0];
  });
});

describe('the log of a client through a restart of etcd', () => {
  const etcd = useEtcd();

  it('says which member is unhealthy and has recovered, at levels that an operator filters by', async function () {
    skipUnlessBreakable(this, etcd());
    const lines: string[] = [];
    const logger: Logger = (level, message) => lines.push(`${level}: ${message}`);
    await using client = new EtcdClient({ endpoints: etcd().endpoints, logger });
    await client.kv.put('a', '');
    const [endpoint] = etcd().endpoints;
    await etcd().stop();
    await assert.rejects(client.kv.put('a', '', { timeoutMs: 200 }));
    const isLogged = (text: string) => lines.some((line) => line.includes(text));
    await eventually('the member is unhealthy', () => isLogged(`warn: member ${endpoint} is unhealthy (`));
    await etcd().restart();
    await eventually('the member recovered', async () => {
      await client.kv.put('a', '').catch(() => {});
      return isLogged(`info: member ${endpoint} recovered`);
    });
    assert.ok(lines.includes(`debug: connected to ${endpoint}`), lines.join('\n'));
    assert.ok(lines.includes(`info: the connection to ${endpoint} was lost`), lines.join('\n'));
    for (const line of lines) assert.doesNotMatch(line, /[^\P{C}\n]/u);
  });
});
