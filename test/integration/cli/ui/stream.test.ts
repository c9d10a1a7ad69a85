import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { type RunningBackend, startBackend } from '#src/cli/ui/backend.js';
import type { StatusMessage } from '#src/cli/ui/protocol/index.js';
import { PageServer } from '#src/cli/ui/server/index.js';
import { EtcdClient } from '#src/index.js';
import { skipUnlessBreakable, useEtcd } from '../../../support/etcd.js';
import { eventually } from '../../../support/eventually.js';
import { FakePage } from '../../../unit/cli/ui/server/fake-page.js';
import { RawHttp, type RawStream } from './raw-http.js';

describe('the page of an etcd', () => {
  const etcd = useEtcd();
  let round = 0;
  let prefix: string;
  let client: EtcdClient;
  let backend: RunningBackend;
  let server: PageServer;
  let http: RawHttp;
  let headers: OutgoingHttpHeaders;
  const streams: RawStream[] = [];

  beforeEach(async () => {
    prefix = `${etcd().prefix}ui-stream-${++round}/`;
    client = new EtcdClient({ endpoints: etcd().endpoints });
    const selection = { prefix, codec: undefined, readOnly: false };
    backend = startBackend(client, selection, { version: '0.0.0', endpoints: etcd().endpoints });
    server = await PageServer.start({
      backend,
      assets: new Map(),
      addresses: ['127.0.0.1'],
      publicHost: '127.0.0.1',
      port: 0,
    });
    http = new RawHttp(server.createUrl());
    headers = await http.open(server.createUrl());
  });

  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    await server.close();
    await backend.close();
    await client.close();
  });

  const put = (id: string, value = '{"Op":0,"Addr":"10.0.0.1:1"}') =>
    client.kv.put(`${prefix}svc/${id}`, value);
  const stateOf = ({ rows }: FakePage) =>
    [...rows.values()].map(({ id, modRevision }) => `${id}@${modRevision}`).sort();

  /** The state of etcd, in the same form. */
  const stored = async () => {
    const { kvs } = await client.kv.range({ prefix });
    return kvs.map(({ key, modRevision }) => `${key.toString().split('/').at(-1)}@${modRevision}`).sort();
  };

  const connect = (page = new FakePage()) => {
    const resume = page.lastEventId === undefined ? {} : { 'last-event-id': page.lastEventId };
    const stream = http.stream('/api/events', { ...headers, ...resume });
    stream.onEvent = (event) => page.receive(event);
    streams.push(stream);
    return { page, stream };
  };
  const isCurrent = (page: FakePage) =>
    eventually('the page shows what is stored', async () => {
      const [shown, expected] = [stateOf(page), await stored()];
      return page.snapshots > 0 && shown.join() === expected.join();
    });
  const lastStatus = ({ received }: FakePage) =>
    received.findLast((message): message is StatusMessage => message.type === 'status');

  it('shows what is stored, and each change', async () => {
    await put('e1');
    const { page } = connect();
    await isCurrent(page);
    await put('e2');
    await put('e1', '{"Op":0,"Addr":"10.0.0.1:1","Metadata":{"weight":5}}');
    await client.kv.delete(`${prefix}svc/e2`);
    await isCurrent(page);
    assert.deepEqual([page.snapshots, page.rows.get(`${prefix}svc/e1`)?.weight], [1, 5]);
    await eventually('the entries arrive', () => page.entries.size >= 3);
  });

  it('continues after an interruption, without a second snapshot', async () => {
    const { page, stream } = connect();
    await isCurrent(page);
    stream.close();
    await stream.closed;
    page.disconnected();
    await put('e1');
    await put('e2');
    connect(page);
    await isCurrent(page);
    assert.deepEqual([page.snapshots, page.rows.size], [1, 2]);
  });

  it('shows thousands of records to several pages while they change', async () => {
    for (let i = 0; i < 20; i++) {
      const puts = Array.from({ length: 100 }, (_, j) => `e${i}-${j}`);
      await Promise.all(puts.map((id) => put(id)));
    }
    const pages = [connect().page, connect().page, connect().page];
    for (let i = 0; i < 200; i++) await put(`e0-${i % 100}`);
    for (const page of pages) await isCurrent(page);
    for (const { rows } of pages) assert.equal(rows.size, 2_000);
  });

  it('says that etcd is away, and shows what it missed afterwards', async function () {
    skipUnlessBreakable(this, etcd());
    const { page } = connect();
    await isCurrent(page);
    await etcd().stop();
    await eventually('etcd is away', () => lastStatus(page)?.etcd === 'away');
    assert.ok((lastStatus(page)?.awayMs ?? -1) >= 0);
    await etcd().restart();
    await eventually('etcd is back', () => lastStatus(page)?.etcd === 'live', 30_000);
    await put('e1');
    await isCurrent(page);
  });
});
