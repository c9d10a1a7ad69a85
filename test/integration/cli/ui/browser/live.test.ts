import assert from 'node:assert/strict';
import { eventually } from '../../../../support/eventually.js';
import { UiFixture } from './fixture.js';
import type { UiPage } from './page.js';

describe('the page of etcd-naming ui', () => {
  const ui = new UiFixture('live');

  it('shows the services with their counts, and removes the token from the URL', async () => {
    const lease = await ui.lease();
    await ui.put('orders/e1', { addr: '10.0.0.1:1', metadata: { zone: 'eu-1' }, lease });
    await ui.put('orders/e2', { addr: '10.0.0.2:1', metadata: { zone: 'eu-2', status: 'draining' }, lease });
    await ui.put('mail/e1', { addr: '10.0.0.3:1' });
    const { page, tab } = await ui.open();
    const service = (name: string) => page.row(`${ui.prefix}${name}`);
    await service('orders').waitFor();
    assert.deepEqual((await page.cells(service('orders'))).slice(1, 5), ['2', '1', '', '']);
    assert.deepEqual((await page.cells(service('mail'))).slice(1, 5), ['1', '', '1', '']);
    assert.match(await service('orders').innerText(), /eu-1.*eu-2/s);
    assert.equal(page.page.url().includes('token'), false);
    assert.match(await page.page.title(), /Services/);
    const paths = tab.requests.map((request) => new URL(request.url()).pathname);
    assert.deepEqual(paths.sort(), ['/', '/api/events', '/api/session', '/app.css', '/app.js']);
  });

  it('shows its first list before the records are listed, when nothing is registered', async () => {
    const { page } = await ui.open();
    await page.page.getByText('0 services').waitFor();
  });

  it('says how many records it does not show because of their long keys', async () => {
    const { page } = await ui.open();
    await page.page.getByText('0 services').waitFor();
    await ui.put(`svc/${'x'.repeat(5_000)}`, { addr: '10.0.0.1:1' });
    await page.page.getByText('1 record with a key longer than 4 kB is not shown.').waitFor();
    assert.equal(await page.page.getByText('0 services').isVisible(), true);
  });

  describe('while a service is shown', () => {
    let page: UiPage;
    let lease: bigint;

    beforeEach(async () => {
      lease = await ui.lease();
      await ui.put('svc/old', { addr: '10.0.0.9:1', lease });
      const view = `&page=endpoints&service=${encodeURIComponent(`${ui.prefix}svc`)}`;
      ({ page } = await ui.open({ view }));
      await page.row('old').waitFor();
      await page.page.evaluate(() => Object.assign(window, { notReloaded: true }));
    });

    afterEach(async () => {
      assert.equal(await page.page.evaluate(() => 'notReloaded' in window), true, 'the page was reloaded');
    });

    async function timeline(): Promise<string[]> {
      const events = page.entries.locator('.event');
      return events.allInnerTexts();
    }

    it('shows an endpoint that registers, changes, drains and leaves, and each step in the timeline', async () => {
      await ui.put('svc/e1', { addr: '10.0.0.1:1', metadata: { version: '1' }, lease });
      await page.row('10.0.0.1:1').filter({ hasText: '"1"' }).waitFor();
      await ui.put('svc/e1', { addr: '10.0.0.1:1', metadata: { version: '2' }, lease });
      await page.row('10.0.0.1:1').filter({ hasText: '"2"' }).waitFor();
      await ui.put('svc/e1', { addr: '10.0.0.1:1', metadata: { version: '2', status: 'draining' }, lease });
      await page.row('10.0.0.1:1').filter({ hasText: 'draining' }).waitFor();
      await ui.client.kv.delete(`${ui.prefix}svc/e1`);
      await page.row('10.0.0.1:1').waitFor({ state: 'detached' });
      await page.page.getByRole('link', { name: 'Timeline' }).last().click();
      await page.entries.filter({ hasText: 'left: drained' }).waitFor();
      assert.deepEqual(await timeline(), ['left: drained', 'draining', 'changed', 'registered']);
      const changed = page.entries.filter({ hasText: 'changed' }).first();
      assert.match(await changed.innerText(), /metadata\.version.*"1".*"2"/s);
    });

    it('says why endpoints left: a record was deleted while its lease lives, a lease has ended', async () => {
      const ended = await ui.lease();
      await ui.put('svc/e1', { addr: '10.0.0.1:1', lease });
      await ui.put('svc/e2', { addr: '10.0.0.2:1', lease: ended });
      await page.row('10.0.0.2:1').waitFor();
      await page.go({ page: 'timeline', service: `${ui.prefix}svc` });
      await ui.client.kv.delete(`${ui.prefix}svc/e1`);
      await page.entries.filter({ hasText: 'left: deleted' }).filter({ hasText: '10.0.0.1:1' }).waitFor();
      await ui.client.lease.revoke(ended);
      await page.entries.filter({ hasText: 'left: lease ended' }).filter({ hasText: '10.0.0.2:1' }).waitFor();
    });

    it('keeps the elements of rows that do not change', async () => {
      const row = await page.row('10.0.0.9:1').elementHandle();
      for (let i = 0; i < 5; i++) await ui.put('svc/e1', { addr: `10.0.0.1:${i}`, lease });
      await page.row('10.0.0.1:4').waitFor();
      await ui.client.kv.delete(`${ui.prefix}svc/e1`);
      await page.row('10.0.0.1:4').waitFor({ state: 'detached' });
      assert.equal(await row?.evaluate((element) => element.isConnected), true);
    });

    it('says that a value is no longer an endpoint', async () => {
      await ui.put('svc/e1', { addr: '10.0.0.1:1', lease });
      await ui.client.kv.put(`${ui.prefix}svc/old`, 'no endpoint');
      await page.row('not an endpoint').waitFor();
      await page.go({ page: 'timeline', service: `${ui.prefix}svc` });
      await page.entries.filter({ hasText: 'no longer an endpoint' }).waitFor();
    });

    it('keeps the details of a record that has left, and says so', async () => {
      await page.row('10.0.0.9:1').click();
      await page.details.getByRole('heading', { name: '10.0.0.9:1' }).waitFor();
      await ui.client.kv.delete(`${ui.prefix}svc/old`);
      await page.details.getByText('The record is gone').waitFor();
    });

    it('shows the time that is left of a lease, as etcd states it', async () => {
      const seconds = async () =>
        Number(/\b(\d+) s|(\d+) min/.exec(await page.row('10.0.0.9:1').innerText())?.[0]?.replace(/\D/g, ''));
      await eventually('the lease has a time', async () => Number.isFinite(await seconds()));
    });
  });

  it('shows locks and elections as they are acquired and released, and the members', async () => {
    const { page } = await ui.open({ view: '&page=locks' });
    await page.page.getByText('None under the prefix').waitFor();
    const lock = await ui.client.lock(`${ui.prefix}jobs/nightly`);
    const item = page.page.getByRole('listitem').filter({ hasText: `${ui.prefix}jobs/nightly` });
    await item.filter({ hasText: lock.leaseId.toString(16) }).waitFor();
    const next = ui.client.lock(`${ui.prefix}jobs/nightly`);
    await item.getByRole('button', { name: '1 waiter' }).click();
    await lock.release();
    const { leaseId } = await next;
    await item
      .filter({ hasText: leaseId.toString(16) })
      .filter({ hasText: 'No one waits' })
      .waitFor();
    await (await next).release();
    await page.page.getByText('None under the prefix').waitFor();
    await page.page.getByRole('link', { name: 'Members' }).click();
    await page.page.getByRole('row').filter({ hasText: 'healthy' }).filter({ hasText: 'leader' }).waitFor();
  });
});
