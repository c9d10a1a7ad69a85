import assert from 'node:assert/strict';
import { EndpointManager } from '#src/naming/index.js';
import { skipUnlessBreakable, useEtcd } from '../support/etcd.js';
import { Opened } from '../support/naming/opened.js';
import { goOrSkip } from './support/go-naming.js';
import { SideBySide } from './support/side-by-side.js';

/** How long to wait for Go to report the servers that ours reports. */
const goTimeoutMs = Number(process.env['GO_TIMEOUT_MS'] ?? 5_000);
const rows: string[] = [];

/** Adds a table row: what each side has reported since `startTiming()`, and how Go ended. */
function addFaultRow(
  what: string,
  both: SideBySide,
  goChanged: boolean,
  more: { go?: string; ours?: string } = {},
) {
  const { go, ours } = both.reported();
  const stale = goChanged ? '' : `; unchanged ${goTimeoutMs / 1_000} s after ours was correct`;
  rows.push(`| ${what} | ${go}${stale}${more.go ?? ''} | ${ours}${more.ours ?? ''} |`);
}

describe('Go’s resolver and ours under the same faults', function () {
  this.timeout(60_000 + 2 * goTimeoutMs);
  const etcd = useEtcd();
  const opened = new Opened();
  let manager: EndpointManager;

  before(function () {
    skipUnlessBreakable(this, etcd());
    return goOrSkip(this);
  });

  afterEach(() => opened.close());

  after('the table is printed', () => {
    if (rows.length > 0)
      console.log(`\n| Fault | Go reported | Ours reported |\n| --- | --- | --- |\n${rows.join('\n')}\n`);
  });

  /** Opens both sides on a service; `put` and `remove` change it directly. */
  async function open(...names: string[]) {
    const both = await SideBySide.open(etcd(), opened, { protectionMs: 2_000 });
    manager = new EndpointManager(opened.client(etcd().endpoints), both.target);
    const addrs = await both.servers(opened, 'one', 'two', 'three', 'four');
    const key = (name: string) => `${both.target}/${name}`;
    const put = (name: string) => manager.addEndpoint(key(name), { addr: addrs[name]! });
    const remove = (name: string) => manager.deleteEndpoint(key(name));
    for (const name of names) await put(name);
    if (names.length > 0) await both.untilBothReport(...names);
    return { both, put, remove };
  }

  it('a deleted key: both remove it', async () => {
    const { both, remove } = await open('one', 'two');
    both.startTiming();
    await remove('one');
    await both.untilOursReports('two');
    const goChanged = await both.goReports(goTimeoutMs, 'two');
    addFaultRow('a key is deleted', both, goChanged);
    assert.deepEqual(Object.keys(await both.ours.calls(10)), ['two']);
  });

  it('a key deleted and one added while etcd is unreachable: ours is correct after the reconnect', async () => {
    const { both, put, remove } = await open('one', 'two');
    both.disconnect();
    await remove('one');
    await put('three');
    both.startTiming();
    both.reconnect();
    await both.untilOursReports('three', 'two');
    addFaultRow(
      'a key is deleted, one added, while etcd is unreachable',
      both,
      await both.goReports(goTimeoutMs, 'three', 'two'),
    );
    await both.ours.untilServedBy('two', 'three');
  });

  it('a compaction while disconnected: ours lists again and continues', async () => {
    const { both, put, remove } = await open('one', 'two');
    both.disconnect();
    await remove('one');
    await put('three');
    await etcd().compact();
    both.startTiming();
    both.reconnect();
    await both.untilOursReports('three', 'two');
    await put('four');
    await both.untilOursReports('four', 'three', 'two');
    const goChanged = await both.goReports(goTimeoutMs, 'four', 'three', 'two');
    const { answers } = await both.go.call(20, 2_000);
    addFaultRow(
      'a key is deleted, one added, all compacted, while etcd is unreachable; then a fourth is added',
      both,
      goChanged,
      {
        go: `; calls go to ${Object.keys(answers).sort().join(' and ')}`,
      },
    );
    await both.ours.untilServedBy('two', 'three', 'four');
  });

  it('a wiped store with new registrations: ours reports them', async () => {
    const { both, put } = await open('one', 'two');
    both.startTiming();
    await etcd().wipe();
    await put('three');
    await both.untilOursReports('three');
    addFaultRow(
      'the store is wiped, another server registers',
      both,
      await both.goReports(goTimeoutMs, 'three'),
    );
    await both.ours.untilServedBy('three');
  });

  it('a wiped store that stays empty: ours keeps its endpoints for the protection time, then reports none', async () => {
    const { both } = await open('one', 'two');
    both.startTiming();
    await etcd().wipe();
    await both.untilOursReports('');
    assert.match(both.reported().ours, /^one two \(\d+ ms\), then none/);
    await assert.rejects(both.ours.call(2_000), /no endpoints under/);
    const { answers } = await both.go.call(4, 2_000);
    addFaultRow(
      'the store is wiped and stays empty (`protectionMs` 2,000)',
      both,
      await both.goReports(goTimeoutMs, ''),
      {
        go: `; calls go to ${Object.keys(answers).sort().join(' and ')}`,
      },
    );
  });

  it('an empty service: ours fails calls immediately with a reason; both report the first endpoint', async () => {
    const { both, put, remove } = await open();
    const start = performance.now();
    const refused = await both.ours.call(3_000).then(assert.fail, (error: Error) => error);
    const oursMs = Math.round(performance.now() - start);
    assert.match(refused.message, /^14 UNAVAILABLE: no endpoints under/);
    const goStart = performance.now();
    const { failures } = await both.go.call(1, 3_000);
    const goMs = Math.round(performance.now() - goStart);
    const quote = (text: string) => `“${text.replace(/\s+/g, ' ').slice(0, 160)}”`;
    addFaultRow('a service is empty from the start; a call with a deadline of 3 s', both, true, {
      go: `; the call fails after ${goMs} ms: ${quote(Object.keys(failures)[0] ?? 'no failure')}`,
      ours: `; the call fails after ${oursMs} ms: ${quote(refused.message.replace(both.target, 'svc'))}`,
    });

    both.startTiming();
    await put('one');
    await both.untilOursReports('one');
    addFaultRow('its first endpoint is added', both, await both.goReports(goTimeoutMs, 'one'));
    await both.ours.untilServedBy('one');

    both.startTiming();
    await remove('one');
    await both.untilOursReports('');
    const goChanged = await both.goReports(goTimeoutMs, '');
    await assert.rejects(both.ours.call(3_000), /no endpoints under/);
    addFaultRow('its last endpoint is deleted', both, goChanged);
  });
});
