import assert from 'node:assert/strict';
import { eventually } from '../../../../support/eventually.js';
import { UiFixture } from './fixture.js';

const size = 10_000;

describe('the page of etcd-naming ui with 10,000 endpoints', () => {
  const ui = new UiFixture('large');

  it('has only the visible rows in its document, and scrolls, filters and follows changes', async () => {
    const records = Array.from({ length: size }, (_, i) => {
      const sample = { addr: `10.0.${i >> 8}.${i & 255}:1`, metadata: { zone: `z${i % 3}`, number: i } };
      return [`svc/${String(i).padStart(5, '0')}`, sample] as const;
    });
    await ui.putAll(records);
    const { page } = await ui.open({ view: '&page=endpoints' });
    await page.page
      .getByText('10000 endpoints', { exact: true })
      .or(page.page.getByText('10,000 endpoints'))
      .waitFor();
    const rows = page.grid.getByRole('row');
    assert.equal(await page.grid.getAttribute('aria-rowcount'), String(size + 1));
    assert.ok((await rows.count()) < 100, `${await rows.count()} rows are in the document`);

    await page.row('00000').focus();
    await page.page.keyboard.press('End');
    await page.row('09999').waitFor();
    assert.equal(await page.row('09999').getAttribute('aria-rowindex'), String(size + 1));
    assert.ok((await rows.count()) < 100, `${await rows.count()} rows are in the document`);

    await ui.put('svc/09999', { addr: '10.9.9.9:9', metadata: { zone: 'moved' } });
    await page.row('10.9.9.9:9').filter({ hasText: 'moved' }).waitFor();

    await page.filter.fill('zone:z1 metadata.number>=9000 -9001');
    const expected = records.filter(([, { metadata }]) => metadata.zone === 'z1' && metadata.number >= 9000);
    const shown = expected.filter(
      ([path, sample]) => !JSON.stringify([path, sample]).includes('9001'),
    ).length;
    await eventually('the filtered list', async () => {
      return (await page.grid.getAttribute('aria-rowcount')) === String(shown + 1);
    });
    await ui.put('svc/new', { addr: '10.8.8.8:8', metadata: { zone: 'z1', number: 9_500 } });
    await eventually('a record that matches is added', async () => {
      return (await page.grid.getAttribute('aria-rowcount')) === String(shown + 2);
    });

    await page.filter.fill('');
    await page.page.setViewportSize({ width: 360, height: 740 });
    await eventually('all rows are in the list again', async () => {
      return (await page.grid.getAttribute('aria-rowcount')) === String(size + 2);
    });
    assert.ok((await rows.count()) < 100, `${await rows.count()} rows are in the narrow document`);
  });
});
