import assert from 'node:assert/strict';
import { visible } from '#ui/browser/text/index.js';
import { eventually } from '../../../../support/eventually.js';
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

  async function openDetails(service: string, id: string, title = id): Promise<void> {
    const name = ui.prefix + service;
    await page.go({ page: 'endpoints', service: name, selected: `${name}/${id}` });
    const heading = page.details.getByRole('heading', { level: 2 });
    await eventually(`the details of ${title}`, async () => {
      return (await heading.count()) === 1 && (await heading.textContent()) === visible(title);
    });
  }

  it('shows all of it as text, in every view', async () => {
    await isInert('services');
    for (const [name, text] of [
      ['services', markups[0]],
      ['endpoints', 'zone'],
      ['locks', markups[0]],
      ['members', 'healthy'],
    ] as const) {
      await page.go({ page: name });
      await page.page.getByRole('main').getByText(text!).filter({ visible: true }).first().waitFor();
      await isInert(name);
    }
  });

  it('shows services with hostile names', async () => {
    for (const name of ['__proto__', ...[...markups, ...controls].map((text) => `service-${text}`)]) {
      await page.go({ page: 'endpoints', service: ui.prefix + name });
      const heading = page.page.getByRole('heading', { level: 1 });
      const title = visible(ui.prefix + name);
      await eventually(`the service ${title}`, async () => (await heading.textContent()) === title);
      await page.rows.first().waitFor();
      await isInert(title);
    }
  });

  it('shows markup, and escapes of characters that hide or reorder text', async () => {
    await page.go({ page: 'endpoints', service: `${ui.prefix}texts` });
    await page.row('<img src=x onerror="window.attacked=1">:1').waitFor();
    await page.filter.fill('abc');
    await page.row('\\u202eabc').waitFor();
  });

  it('shows the details, and the dialog of an action, of such records', async () => {
    for (const text of [...markups, ...controls]) {
      await openDetails('texts', text, `${text}:1`);
      await isInert(`details of ${text}`);
    }
    await page.details.getByRole('button', { name: 'Drain …' }).click();
    await page.dialog.getByText('metadata.status', { exact: true }).waitFor();
    await isInert('dialog');
  });

  const shapes = ['large', 'deep', 'wide', 'lone-surrogates', 'no-endpoint'];
  it(`shows records that are ${shapes.join(', ')}, and their whole value on request`, async () => {
    for (const id of shapes) {
      await openDetails('shapes', id, id === 'no-endpoint' ? id : '10.0.0.1:1');
      await page.details.getByText(`${ui.prefix}shapes/${id}`).first().waitFor();
      await page.details.getByRole('button', { name: 'Read the stored value' }).click();
      await page.details.getByText(/Of revision \d+/).waitFor();
      await isInert(id);
    }
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
