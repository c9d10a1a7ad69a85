import assert from 'node:assert/strict';
import { eventually } from '../../../../support/eventually.js';
import { type ForwardProxy, startForwardProxy } from '../../../../support/forward-proxy.js';
import { UiFixture } from './fixture.js';

/** A connection that fails is a message of the console, whatever the page does. */
const lost = /net::ERR_|40[13]/;

describe('the page of etcd-naming ui and its connection to the command', () => {
  const ui = new UiFixture('connection');
  const view = '&page=endpoints&filter=e';

  beforeEach(() => ui.put('svc/e1', { addr: '10.0.0.1:1' }));

  describe('when the connection is cut and the command continues', () => {
    let proxy: ForwardProxy;

    beforeEach(async () => {
      proxy = await startForwardProxy();
    });
    afterEach(() => proxy[Symbol.asyncDispose]());

    const streams = () => proxy.passed.filter(({ path }) => path === '/api/events');

    it('resumes with the changes that it missed, without a snapshot', async () => {
      const { page } = await ui.open({ view, proxy: { server: proxy.server }, expected: lost });
      await page.row('10.0.0.1:1').waitFor();
      assert.match(streams()[0]?.answer ?? '', /"type":"begin"/);
      proxy.cut();
      await page.shows('No connection to the command');
      assert.equal(await page.isStale(), true);
      await ui.put('svc/e2', { addr: '10.0.0.2:1' });
      await ui.client.kv.delete(`${ui.prefix}svc/e1`);
      proxy.heal();
      await page.row('10.0.0.2:1').waitFor();
      await page.row('10.0.0.1:1').waitFor({ state: 'detached' });
      await page.shows('Live');
      assert.equal(await page.isStale(), false);
      const last = streams().at(-1);
      assert.ok(last?.headers['last-event-id'], 'the page sent Last-Event-ID');
      assert.doesNotMatch(last.answer, /"type":"begin"/);
    });
  });

  describe('when the command is frozen', () => {
    it('notices the silence, and continues afterwards', async () => {
      const { page, command } = await ui.open({ view, expected: lost });
      process.kill(command.pid, 'SIGSTOP');
      try {
        await page.shows('No connection to the command');
        assert.equal(await page.isStale(), true);
      } finally {
        process.kill(command.pid, 'SIGCONT');
      }
      await page.shows('Live');
    });
  });

  describe('when the command was restarted', () => {
    it('shows no record as current, and continues with the new link in the same tab', async () => {
      const { page, tab, command, origin } = await ui.open({ view, expected: lost });
      await page.row('10.0.0.1:1').waitFor();
      await command.stop();
      await page.shows('No connection to the command');
      assert.equal(await page.isStale(), true);
      await ui.put('svc/e2', { addr: '10.0.0.2:1' });
      const restarted = await ui.start('--port', new URL(origin).port);
      tab.allow(restarted.origin);
      await page.page.getByRole('heading', { name: 'The session has ended' }).waitFor();
      assert.equal(await page.page.getByText('10.0.0.1:1').count(), 0);
      await page.page.getByLabel('New link').fill('http://127.0.0.1/');
      await page.button('Continue').click();
      await page.page.getByText('This is not a link of the command').waitFor();
      await page.page.getByLabel('New link').fill(restarted.link);
      await page.button('Continue').click();
      await page.shows('Live');
      await page.row('10.0.0.2:1').waitFor();
      assert.equal(await page.filter.inputValue(), 'e', 'the filter stays');
    });
  });

  it('shows on all open pages what changes', async () => {
    const { page, tab } = await ui.open({ view });
    const { url: link } = (await page.post('/api/link', {})).body as { url: string };
    const second = await tab.page.context().newPage();
    await second.goto(link);
    await second.getByText(`${ui.prefix}svc`).first().waitFor();
    await ui.put('new/e1', { addr: '10.0.0.3:1' });
    await eventually('both have it', async () => {
      return (
        (await second.getByText(`${ui.prefix}new`).count()) > 0 && (await page.row('10.0.0.3:1').count()) > 0
      );
    });
  });
});
