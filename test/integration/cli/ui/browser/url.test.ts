import assert from 'node:assert/strict';
import { eventually } from '../../../../support/eventually.js';
import { UiFixture } from './fixture.js';
import type { UiPage } from './page.js';

describe('the URL of the page of etcd-naming ui', () => {
  const ui = new UiFixture('url');
  let page: UiPage;

  beforeEach(async () => {
    for (const [id, zone, version] of [
      ['e1', 'eu-1', 3],
      ['e2', 'eu-2', 20],
      ['e3', 'us-1', 1],
      ['e4', 'eu-1', 10],
    ] as const)
      await ui.put(`svc/${id}`, { addr: `${id}:1`, metadata: { zone, version } });
    const view = `&page=endpoints&service=${encodeURIComponent(`${ui.prefix}svc`)}`;
    ({ page } = await ui.open({ view }));
    await page.row('e1:1').waitFor();
  });

  async function showsInOrder(...addresses: string[]): Promise<void> {
    let shown: string[] = [];
    await eventually(`the list is ${addresses}`, async () => {
      const texts = await page.rows.allInnerTexts();
      shown = texts.map((text) => text.trim().split(/\s/)[0] ?? '');
      return shown.join() === addresses.join();
    }).catch(() => assert.deepEqual(shown, addresses));
  }

  it('keeps the filter, the order and the open record when the page is loaded again', async () => {
    await page.filter.fill('zone:eu-*');
    await showsInOrder('e1:1', 'e2:1', 'e4:1');
    await page.page.getByLabel('Sort by').fill('metadata.version');
    await showsInOrder('e1:1', 'e4:1', 'e2:1');
    const sorted = page.grid.getByRole('columnheader', { name: 'version' });
    assert.equal(await sorted.getAttribute('aria-sort'), 'ascending');
    assert.equal((await page.cells(page.row('e2:1')))[1], '20', 'the value is in a column of its own');
    await page.button('Descending').click();
    await showsInOrder('e2:1', 'e4:1', 'e1:1');
    await page.row('e4:1').click();
    await page.details.waitFor();
    assert.deepEqual([...page.view.keys()].sort(), ['filter', 'page', 'selected', 'service', 'sort']);
    await page.page.reload();
    await page.shows('Live');
    await showsInOrder('e2:1', 'e4:1', 'e1:1');
    assert.equal(await page.filter.first().inputValue(), 'zone:eu-*');
    await page.details.getByRole('heading', { name: 'e4:1' }).waitFor();
  });

  it('leads back and forward through the views', async () => {
    await page.filter.fill('us-1');
    await showsInOrder('e3:1');
    await page.page.getByRole('link', { name: 'Members' }).click();
    await page.page.getByText('healthy').waitFor();
    await page.page.goBack();
    await showsInOrder('e3:1');
    assert.equal(await page.filter.inputValue(), 'us-1');
    await page.page.goForward();
    await page.page.getByText('healthy').waitFor();
  });

  it('sorts by a click on the name of a column', async () => {
    await page.grid.getByRole('button', { name: 'Zone' }).click();
    assert.equal(page.view.get('sort'), 'zone');
    await showsInOrder('e1:1', 'e4:1', 'e2:1', 'e3:1');
  });

  it('explains a filter that it cannot read, instead of an empty page', async () => {
    await page.filter.fill('zone:"eu');
    await page.page.locator('.hints').filter({ hasText: /\S/ }).waitFor();
    await page.row('e1:1').waitFor();
  });
});
