import assert from 'node:assert/strict';
import { UiFixture } from './fixture.js';
import type { UiPage } from './page.js';

describe('the page of etcd-naming ui with the keyboard alone', () => {
  const ui = new UiFixture('keyboard');
  let page: UiPage;

  beforeEach(async () => {
    const lease = await ui.lease();
    for (const id of ['e1', 'e2', 'e3']) await ui.put(`svc/${id}`, { addr: `${id}:1`, lease });
    await ui.put('other/e9', { addr: 'e9:1', lease });
    ({ page } = await ui.open());
    await page.row(`${ui.prefix}svc`).waitFor();
  });

  const press = (key: string) => page.page.keyboard.press(key);
  const focused = () => page.page.evaluate(() => document.activeElement?.textContent ?? '');

  /** Presses Tab until the focused element contains a text. */
  async function tabTo(text: string | RegExp): Promise<void> {
    for (let i = 0; i < 40; i++) {
      await press('Tab');
      const found = await focused();
      if (typeof text === 'string' ? found.includes(text) : text.test(found)) return;
    }
    assert.fail(`the Tab key does not reach ${text}`);
  }

  it('opens a service, moves in its list, opens details, drains, and closes them', async () => {
    await tabTo(`${ui.prefix}other`);
    await press('ArrowDown');
    assert.ok((await focused()).includes(`${ui.prefix}svc`), await focused());
    await press('Enter');
    await page.row('e1:1').waitFor();
    await tabTo('e1:1');
    await press('ArrowDown');
    await press('End');
    assert.match(await focused(), /e3:1/);
    await press('ArrowUp');
    assert.match(await focused(), /e2:1/);
    await press('Enter');
    await page.details.getByRole('heading', { name: 'e2:1' }).waitFor();
    assert.equal(await focused(), 'e2:1', 'the focus is in the details');
    await tabTo(/^Drain/);
    await press('Enter');
    await page.dialog.getByText('metadata.status').waitFor();
    await tabTo(/^Drain$/);
    await press('Enter');
    await page.dialog.getByText('e2:1 is draining').waitFor();
    await press('Escape');
    // A dialog that is closed is in the document until it has given the focus back.
    await page.page.locator('dialog').waitFor({ state: 'detached' });
    await page.details.locator('button:focus').filter({ hasText: 'Undrain' }).waitFor();
    await press('Escape');
    await page.details.waitFor({ state: 'detached' });
    const { kv } = await ui.client.kv.get(`${ui.prefix}svc/e2`);
    assert.match(kv?.value.toString() ?? '', /draining/);
  });

  it('reaches the help of the filter, which Escape closes', async () => {
    await tabTo(/^Help$/);
    await press('Enter');
    await page.page.getByText('All terms must hold').waitFor();
    assert.ok(await page.page.getByText('service, endpoints, draining').isVisible());
    await press('Escape');
    await page.page.getByText('All terms must hold').waitFor({ state: 'hidden' });
    assert.match(await focused(), /^Help/);
    await press('Enter');
    await page.page.getByText('All terms must hold').click();
    assert.ok(await page.page.getByText('All terms must hold').isVisible());
    await page.filter.focus();
    await page.page.getByText('All terms must hold').waitFor({ state: 'hidden' });
  });

  it('moves the focus to the heading of another view, not when the page is opened', async () => {
    const heading = () => page.page.evaluate(() => document.activeElement?.tagName === 'H1');
    assert.equal(await heading(), false);
    await tabTo(/^Locks$/);
    await press('Enter');
    await page.page.getByRole('heading', { name: 'Locks and elections', level: 1 }).waitFor();
    assert.equal(await focused(), 'Locks and elections');
    await page.page.goBack();
    await page.row(`${ui.prefix}svc`).waitFor();
    assert.equal(await focused(), 'Services');
    await page.row(`${ui.prefix}svc`).focus();
    await press('Enter');
    await page.row('e1:1').waitFor();
    assert.equal(await focused(), `${ui.prefix}svc`);
    assert.equal(await heading(), true);
  });

  it('keeps the focus inside an open dialog', async () => {
    await page.go({ page: 'endpoints', service: `${ui.prefix}svc`, selected: `${ui.prefix}svc/e1` });
    await page.details.getByRole('button', { name: 'Drain …' }).press('Enter');
    await page.dialog.getByText('metadata.status').waitFor();
    for (let i = 0; i < 6; i++) {
      await press('Tab');
      const isOutside = await page.page.evaluate(() => {
        const { activeElement } = document;
        return activeElement !== document.body && activeElement?.closest('dialog') === null;
      });
      assert.equal(isOutside, false);
    }
  });
});
