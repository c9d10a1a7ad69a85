import assert from 'node:assert/strict';
import { eventually } from '../../../../support/eventually.js';
import { UiFixture } from './fixture.js';
import type { UiPage } from './page.js';

describe('a list of the page that changes while it is read', () => {
  const ui = new UiFixture('position');
  let page: UiPage;

  beforeEach(async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `n${100 + i}`);
    await ui.putAll(ids.map((id) => [`svc/${id}`, { addr: `${id}:1` }]));
    ({ page } = await ui.open({ view: '&page=endpoints' }));
    await page.row('n100:1').waitFor();
  });

  const scrollTo = (top: number) =>
    page.grid.evaluate((grid, scrollTop) => grid.parentElement?.scrollTo({ top: scrollTop }), top);
  const topOf = async (text: string) => (await page.row(text).boundingBox())?.y;
  const focused = () =>
    page.page.evaluate(() => document.activeElement?.closest('[role=row], tr')?.textContent ?? '');
  const hasRows = (count: number) =>
    eventually(`the list has ${count} rows`, async () => {
      return (await page.grid.getAttribute('aria-rowcount')) === String(count + 1);
    });

  it('shows the same rows in the same places when others are added before them', async () => {
    await scrollTo(5_000);
    await page.row('n255:1').waitFor();
    const before = await topOf('n255:1');
    await ui.putAll(Array.from({ length: 20 }, (_, i) => [`svc/a${i}`, { addr: `a${i}:1` }]));
    await hasRows(320);
    assert.equal(await topOf('n255:1'), before);
  });

  it('shows new first rows at its top', async () => {
    await ui.put('svc/a', { addr: 'first:1' });
    await page.row('first:1').waitFor();
    assert.ok(await page.row('first:1').isVisible());
  });

  it('moves the focus to the next row when the record of the row with the focus is deleted', async () => {
    await page.row('n105:1').focus();
    await ui.client.kv.delete(`${ui.prefix}svc/n105`);
    await hasRows(299);
    assert.match(await focused(), /n106:1/);
  });

  it('keeps the focus on a row that is scrolled out of view', async () => {
    await page.row('n102:1').focus();
    await scrollTo(8_000);
    await page.row('n340:1').waitFor();
    assert.match(await focused(), /n102:1/);
    await page.page.keyboard.press('ArrowDown');
    assert.match(await focused(), /n103:1/);
    await page.row('n103:1').waitFor();
  });
});
