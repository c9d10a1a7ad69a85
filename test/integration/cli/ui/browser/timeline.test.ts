import assert from 'node:assert/strict';
import { findViolations } from '../../../../support/axe.js';
import { eventually } from '../../../../support/eventually.js';
import { UiFixture } from './fixture.js';
import type { UiPage } from './page.js';

describe('the timeline of the page of etcd-naming ui', () => {
  const ui = new UiFixture('timeline');
  let page: UiPage;
  let lease: bigint;

  beforeEach(async () => {
    lease = await ui.lease();
    await ui.put('svc/old', { addr: '10.0.0.9:1', lease });
  });

  async function open(view: Readonly<Record<string, string>> = {}): Promise<void> {
    ({ page } = await ui.open());
    await page.go({ page: 'timeline', service: `${ui.prefix}svc`, ...view });
    await page.page.getByRole('region', { name: 'Entries' }).waitFor();
  }

  /** Changes a record so many times. */
  async function change(id: string, times: number): Promise<void> {
    for (let i = 0; i < times; i++) await ui.put(`svc/${id}`, { addr: `${id}:${i}`, lease });
  }

  /** The page has drawn, and seen that it was scrolled. */
  const settled = () =>
    page.page.evaluate(async () => {
      for (let i = 0; i < 5; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
    });
  const entries = () => page.page.locator('.entries > li');
  const newest = () => entries().first().locator('.addr').textContent();
  const newEntries = (text: string | RegExp) => page.page.getByRole('button', { name: text }).waitFor();

  it('does not insert entries while it is scrolled, but counts them and shows them on request', async () => {
    await open();
    await change('a', 60);
    await entries().nth(59).scrollIntoViewIfNeeded();
    await settled();
    const [top, count] = [await newest(), await entries().count()];
    await change('b', 3);
    await newEntries('3 new entries');
    assert.deepEqual([await newest(), await entries().count()], [top, count]);
    assert.deepEqual(await findViolations(page.page), []);
    await page.button('3 new entries').press('Enter');
    await entries().first().filter({ hasText: 'b:2' }).waitFor();
    await page.button('new entries').waitFor({ state: 'detached' });
    await change('c', 1);
    await entries().first().filter({ hasText: 'c:0' }).waitFor();
  });

  it('does not insert entries while one has the focus', async () => {
    await open();
    await change('a', 1);
    await page.button(/All fields/).focus();
    await settled();
    await change('b', 1);
    await newEntries('1 new entry');
    assert.equal(await newest(), 'a:0');
    await page.filter.focus();
    await entries().first().filter({ hasText: 'b:0' }).waitFor();
  });

  it('stays as it is while it is paused', async () => {
    await open();
    await change('a', 1);
    await entries().first().waitFor();
    await page.button('Pause').click();
    await change('b', 2);
    await newEntries('2 new entries');
    assert.equal(await entries().count(), 1);
    await page.button('2 new entries').click();
    await entries().first().filter({ hasText: 'b:1' }).waitFor();
    await change('c', 1);
    await newEntries('1 new entry');
    await page.button('Pause').click();
    await entries().first().filter({ hasText: 'c:0' }).waitFor();
  });

  it('finds entries that are not loaded, by type and text, and has both in the URL', async () => {
    ({ page } = await ui.open());
    await ui.put('svc/gone', { addr: 'gone:1', lease });
    await ui.client.kv.delete(`${ui.prefix}svc/gone`);
    await change('a', 250);
    await page.go({ page: 'timeline', service: `${ui.prefix}svc` });
    await page.page.getByText(/of 200 loaded entries/).waitFor();
    await page.button('left').click();
    await entries().filter({ hasText: 'left: deleted' }).waitFor();
    assert.equal(await entries().count(), 1);
    await page.filter.fill('GONE');
    await eventually('the filter is in the URL', () => page.view.get('filter') === 'GONE');
    assert.equal(page.view.get('types'), 'left');
    await page.page.reload();
    await page.shows('Live');
    await page.page.getByText('1 entry matching').waitFor();
    assert.equal(await page.button('left').getAttribute('aria-pressed'), 'true');
    await page.filter.fill('nothing has this');
    await page.page.getByText('No entry passes the filter.').waitFor();
  });

  it('says in the details of a record how many entries it has', async () => {
    await open();
    await change('a', 2);
    await change('b', 3);
    await entries().nth(4).waitFor();
    await page.go({ page: 'endpoints', service: `${ui.prefix}svc`, selected: `${ui.prefix}svc/b` });
    await page.details.getByText('3 entries of this record').waitFor();
  });

  it('shows that large metadata changed', async () => {
    const large = (letter: string) => ({ addr: 'x:1', metadata: { note: letter.repeat(60_000) }, lease });
    await ui.put('svc/x', large('a'));
    await open();
    await ui.put('svc/x', large('b'));
    await entries().filter({ hasText: 'too large to compare (60.0 kB)' }).waitFor();
  });
});
