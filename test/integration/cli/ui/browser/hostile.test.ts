import assert from 'node:assert/strict';
import { UiFixture } from './fixture.js';
import { controls, markups, putHostileRecords } from './hostile-records.js';
import { findUnsafe } from './inert.js';
import type { UiPage } from './page.js';

describe('the page of etcd-naming ui with hostile names and metadata', () => {
  const ui = new UiFixture('hostile');
  let page: UiPage;

  beforeEach(async () => {
    await putHostileRecords(ui.client, ui.prefix);
    ({ page } = await ui.open());
    await page.row('__proto__').waitFor();
  });

  async function isInert(what: string): Promise<void> {
    assert.deepEqual(await page.page.evaluate(findUnsafe), [], what);
  }

  it('shows all of it as text, in every view', async () => {
    await isInert('services');
    for (const name of ['endpoints', 'timeline', 'locks', 'members']) {
      await page.go({ page: name });
      await page.page.getByRole('main').waitFor();
      await isInert(name);
    }
    for (const service of ['texts', '__proto__', 'shapes', ...markups.map((text) => `service-${text}`)]) {
      await page.go({ page: 'endpoints', service: ui.prefix + service });
      await page.grid.getByRole('gridcell').first().waitFor();
      await isInert(service);
    }
  });

  it('shows the markup itself', async () => {
    await page.go({ page: 'endpoints', service: `${ui.prefix}texts` });
    await page.row('<img src=x onerror="window.attacked=1">:1').waitFor();
    await page.go({ page: 'endpoints', service: `${ui.prefix}texts`, filter: '202e' });
    await page.page.getByText('U+202E').or(page.page.getByText('\\u202e')).first().waitFor();
  });

  it('shows the details, and the dialog of each action, of such records', async () => {
    for (const text of [...markups, ...controls.slice(0, 3)]) {
      await page.go({
        page: 'endpoints',
        service: `${ui.prefix}texts`,
        selected: `${ui.prefix}texts/${text}`,
      });
      await page.details.waitFor();
      await isInert(`details of ${text}`);
    }
    await page.details.getByRole('button', { name: 'Drain …' }).click();
    await page.dialog.getByText('metadata.status').waitFor();
    await isInert('dialog');
  });

  for (const id of ['large', 'deep', 'wide', 'lone-surrogates', 'no-endpoint'])
    it(`shows the record that is ${id}, and its whole value on request`, async () => {
      await page.go({
        page: 'endpoints',
        service: `${ui.prefix}shapes`,
        selected: `${ui.prefix}shapes/${id}`,
      });
      await page.details.waitFor();
      await page.details
        .getByRole('button', { name: /value|stored|whole|load/i })
        .first()
        .click();
      await page.details.locator('pre, code').last().waitFor();
      await isInert(id);
    });

  it('shows what happens to such records in the timeline', async () => {
    await page.go({ page: 'timeline' });
    for (const text of [...markups, ...controls]) {
      const metadata = { [text]: text, status: text };
      await ui.put(`texts/${text}`, { addr: `${text}:2`, metadata });
      await ui.client.kv.delete(`${ui.prefix}texts/${text}`);
    }
    await page.entries.filter({ hasText: 'left: deleted' }).nth(markups.length).waitFor();
    await isInert('timeline');
  });
});
