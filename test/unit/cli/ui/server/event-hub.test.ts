import assert from 'node:assert/strict';
import { once } from 'node:events';
import { EventHub } from '#src/cli/ui/server/event-hub.js';
import type { HistoryLimits } from '#src/cli/ui/server/message-history.js';
import { eventually } from '../../../../support/eventually.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeCatalog, rowOf, settings } from './fake-catalog.js';
import { FakeConnection, FakePage } from './fake-page.js';

describe('the event stream of a page', () => {
  let clock: FakeClock;
  let catalog: FakeCatalog;
  let hub: EventHub;

  const start = (limits: HistoryLimits = { bytes: 1_000_000, messages: 100 }) => {
    clock = new FakeClock();
    catalog = new FakeCatalog();
    hub = new EventHub(catalog, settings, { clock, limits });
  };

  beforeEach(() => start());
  afterEach(() => hub.close());

  const restart = (limits: HistoryLimits) => {
    hub.close();
    start(limits);
  };

  const connect = (page = new FakePage(), id = page.lastEventId) => {
    const connection = new FakeConnection(page, 2 ** 20);
    hub.open(connection, id);
    return { page, connection };
  };
  const disconnect = async (connection: FakeConnection) => {
    connection.destroy();
    await once(connection, 'close');
  };
  const types = ({ received }: FakePage) => received.map(({ type }) => type);
  const caughtUp = (page: FakePage) =>
    eventually('the page has the state', () => page.snapshots > 0 && page.digest === catalog.digest());

  it('begins with the status, then has a snapshot in parts', async () => {
    catalog.put(...Array.from({ length: 1_001 }, (_, i) => `k${i}`));
    catalog.putQueue('q');
    const { page } = connect();
    await caughtUp(page);
    assert.deepEqual(types(page), ['status', 'begin', 'rows', 'rows', 'rows', 'rows', 'end']);
    assert.deepEqual([page.received[1], page.rows.size], [{ type: 'begin', settings, rows: 1_001 }, 1_001]);
  });

  it('has the status alone while the records are not listed, and then the snapshot', async () => {
    catalog.isListed = false;
    const { page } = connect();
    assert.deepEqual(types(page), ['status']);
    catalog.isListed = true;
    catalog.replace(['a']);
    await caughtUp(page);
    assert.equal(page.digest, 'a@2');
  });

  it('has the first change immediately, and those of the next 50 ms together, with each entry', async () => {
    const { page } = connect();
    await caughtUp(page);
    const before = page.received.length;
    catalog.put('a');
    assert.equal(page.received.length, before + 1);
    catalog.put('b');
    catalog.put('b');
    catalog.remove('a');
    clock.advance(49);
    assert.equal(page.received.length, before + 1);
    clock.advance(1);
    const last = page.received.at(-1);
    assert.ok(last?.type === 'delta');
    assert.deepEqual(
      [last.puts.map(({ key }) => key), last.removed, last.entries.length, page.received.length],
      [['b'], ['a'], 3, before + 2],
    );
  });

  it('sends many changes without waiting', async () => {
    const { page } = connect();
    await caughtUp(page);
    catalog.put('first');
    catalog.put(...Array.from({ length: 1_001 }, (_, i) => `k${i}`));
    assert.equal(page.rows.size, 1_002);
  });

  it('has the missed changes after a reconnection', async () => {
    const { page, connection } = connect();
    await caughtUp(page);
    await disconnect(connection);
    catalog.put('a');
    catalog.put('b');
    connect(page);
    await caughtUp(page);
    assert.deepEqual([page.snapshots, page.rows.size, page.entries.size], [1, 2, 2]);
  });

  for (const [circumstance, id] of [
    ['of an earlier command', `${'0'.repeat(16)}-1`],
    ['that is malformed', '1e3'],
    ['of the future', undefined],
  ] as const)
    it(`has a snapshot after an id ${circumstance}`, async () => {
      const { page, connection } = connect();
      await caughtUp(page);
      await disconnect(connection);
      connect(page, id ?? page.lastEventId?.replace(/\d+$/, '999'));
      await eventually('there is a second snapshot', () => page.snapshots === 2);
    });

  it('has a snapshot when the missed changes are not kept any more', async () => {
    restart({ bytes: 100_000, messages: 3 });
    const { page, connection } = connect();
    await caughtUp(page);
    await disconnect(connection);
    for (let i = 0; i < 5; i++) {
      catalog.put('a');
      clock.advance(100);
    }
    connect(page);
    await caughtUp(page);
    assert.equal(page.snapshots, 2);
  });

  it('has a snapshot after everything was replaced, with the entries before it', async () => {
    const { page } = connect();
    await caughtUp(page);
    catalog.put('a');
    catalog.replace(['b']);
    await caughtUp(page);
    assert.deepEqual([page.snapshots, page.digest, page.entries.size], [2, 'b@3', 2]);
  });

  it('keeps no queue for a page that does not read, which gets a snapshot when it does', async () => {
    restart({ bytes: 2_000, messages: 1_000 });
    const page = new FakePage();
    const connection = new FakeConnection(page, 16);
    hub.open(connection, undefined);
    await caughtUp(page);
    connection.pause();
    for (let i = 0; i < 1_000; i++) {
      catalog.put(`k${i % 10}`);
      clock.advance(100);
    }
    assert.ok(connection.writableLength < 2_000, `${connection.writableLength} bytes wait`);
    connection.resume();
    await caughtUp(page);
    assert.equal(page.snapshots, 2);
  });

  it('has the status of a slow page after all changes', async () => {
    const { page, connection } = connect();
    await caughtUp(page);
    connection.pause();
    catalog.put('a');
    catalog.changeStatus();
    catalog.put('b');
    catalog.changeStatus();
    connection.resume();
    await caughtUp(page);
    await eventually('the status arrives', () => page.received.at(-1)?.type === 'status');
    assert.deepEqual(page.contradictions, []);
  });

  it('serializes metadata of any depth', async () => {
    let metadata: readonly unknown[] = [];
    for (let depth = 0; depth < 20_000; depth++) metadata = [metadata];
    catalog.rows.set('deep', { ...rowOf('deep', 2), metadata: metadata as never });
    const { page } = connect();
    await caughtUp(page);
    assert.equal(page.rows.size, 1);
  });

  it('ends the count of a page that goes away', async () => {
    const { connection } = connect();
    assert.equal(hub.size, 1);
    await disconnect(connection);
    await eventually('the page is gone', () => hub.size === 0);
  });
});
