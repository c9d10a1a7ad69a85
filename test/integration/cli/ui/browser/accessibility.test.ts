import assert from 'node:assert/strict';
import { findViolations } from '../../../../support/axe.js';
import { type OpenOptions, UiFixture } from './fixture.js';
import type { UiPage } from './page.js';

/** How the page is looked at. */
const looks: readonly (OpenOptions & { readonly name: string })[] = [
  { name: 'light', colorScheme: 'light' },
  { name: 'dark', colorScheme: 'dark' },
  { name: 'narrow', viewport: { width: 360, height: 740 } },
];

describe('the accessibility of the page of etcd-naming ui', () => {
  const ui = new UiFixture('accessible');

  /** Some records, of which one drains and one is not an endpoint, a lock with a waiter, and an election. */
  async function register(): Promise<void> {
    const lease = await ui.lease();
    const metadata = { zone: 'eu-central-1a', version: '4.18.2', note: 'x'.repeat(300) };
    await ui.put('svc/e1', { addr: '10.0.0.1:8443', metadata, lease });
    await ui.put('svc/e2', {
      addr: 'a-long-name-of-a-host.eu.example.com:8443',
      metadata: { status: 'draining' },
    });
    await ui.put('svc/e3', { addr: '10.0.0.3:8443' });
    await ui.put(`${'long-name-'.repeat(8)}/e1`, { addr: '10.0.0.4:8443', lease });
    await ui.client.lock(`${ui.prefix}jobs/nightly`);
    ui.client.lock(`${ui.prefix}jobs/nightly`).catch(() => {});
    await ui.client.kv.put(`${ui.prefix}leader/${lease.toString(16)}`, 'worker-1', { lease });
  }

  /** Each view of the page, with what shows that it is there. */
  async function visit(page: UiPage, check: (view: string) => Promise<void>): Promise<void> {
    const service = `${ui.prefix}svc`;
    await page.row(service).waitFor();
    await check('services');
    await page.page.getByText('Link for another browser').click();
    await page.page.getByRole('textbox', { name: 'Link' }).waitFor();
    await check('link');
    await page.page.keyboard.press('Escape');
    await page.go({ page: 'endpoints', service });
    await page.row('10.0.0.1:8443').waitFor();
    await check('endpoints');
    await page.go({ page: 'endpoints' });
    await page.row('10.0.0.4:8443').waitFor();
    await check('all endpoints');
    await page.go({ page: 'endpoints', service, selected: `${service}/e1` });
    await page.details.getByText('eu-central-1a').first().waitFor();
    await check('details');
    await page.details.getByRole('button', { name: 'Drain …' }).click();
    await page.dialog.getByText('metadata.status').waitFor();
    await check('dialog');
    await page.page.keyboard.press('Escape');
    await ui.client.kv.put(`${service}/e3`, 'no endpoint');
    await ui.client.kv.delete(`${service}/e2`);
    await page.go({ page: 'timeline', service });
    await page.entries.filter({ hasText: 'left: ' }).first().waitFor();
    await check('timeline');
    // The page of the filter is loaded later than the click, and would have what happens before.
    const filtered = page.page.waitForResponse((response) => response.url().endsWith('/api/timeline'));
    await page.button('left').click();
    await (await filtered).finished();
    await page.button('Pause').click();
    await ui.client.kv.delete(`${service}/e1`);
    await page.button('1 new entry').waitFor();
    await check('timeline that is paused');
    await page.go({ page: 'locks' });
    await page.button('1 waiter').click();
    await check('locks');
    await page.go({ page: 'members' });
    await page.page.getByText('healthy').waitFor();
    await check('members');
  }

  for (const { name, ...look } of looks)
    describe(`in the ${name} look`, () => {
      it('has no violation that axe finds, and nothing is wider than the window, in every view', async () => {
        await register();
        const { page } = await ui.open(look);
        await visit(page, async (view) => {
          assert.deepEqual(await findViolations(page.page), [], view);
          assert.equal(await overflow(page), 0, `${view} is wider than the window by so many pixels`);
        });
      });
    });

  it('has no violation while it has no session, or shows what is not current', async () => {
    await register();
    const { page, origin } = await ui.open();
    await ui.etcd().pause();
    try {
      await page.shows('etcd is away');
      for (const { name, colorScheme, viewport } of looks) {
        await page.page.emulateMedia({ colorScheme: colorScheme ?? 'light', reducedMotion: 'reduce' });
        if (viewport) await page.page.setViewportSize(viewport);
        assert.deepEqual(await findViolations(page.page), [], `etcd is away, ${name}`);
        assert.equal(await overflow(page), 0, `etcd is away, ${name}`);
      }
    } finally {
      await ui.etcd().resume();
    }
    const { page: without } = await ui.browser.open(origin);
    await without.getByRole('heading', { name: 'The page needs a link' }).waitFor();
    assert.deepEqual(await findViolations(without), [], 'no session');
  });

  it('marks the selected row in forced colours, in which backgrounds are not drawn', async () => {
    await register();
    const service = `${ui.prefix}svc`;
    const { page } = await ui.open();
    await page.page.emulateMedia({ forcedColors: 'active' });
    await page.go({ page: 'endpoints', service, selected: `${service}/e1` });
    await page.details.waitFor();
    const outlineOf = (text: string) => page.row(text).evaluate((row) => getComputedStyle(row).outlineStyle);
    assert.equal(await outlineOf('10.0.0.1:8443'), 'solid');
    assert.equal(await outlineOf('10.0.0.3:8443'), 'none');
  });

  it('announces hints of the filter, and not the size of the list, which changes at any time', async () => {
    await register();
    const { page } = await ui.open({ view: '&page=endpoints&filter=wehgt%3A3' });
    const announced = page.page.getByRole('main').getByRole('status');
    await announced.filter({ hasText: '“wehgt” is not a field here' }).waitFor();
    await page.page.getByText('0 of 4 endpoints').waitFor();
    assert.doesNotMatch((await announced.allInnerTexts()).join(), /endpoints/);
  });

  it('has names for assistive technology: landmarks, the list with its size, its columns, the state', async () => {
    await register();
    const { page } = await ui.open({
      view: `&page=endpoints&service=${encodeURIComponent(`${ui.prefix}svc`)}`,
    });
    await page.row('10.0.0.1:8443').waitFor();
    for (const role of ['banner', 'main', 'search'] as const)
      assert.equal(await page.page.getByRole(role).count(), 1, role);
    assert.equal(await page.page.getByRole('navigation', { name: 'Views', exact: true }).count(), 1);
    assert.equal(await page.page.getByRole('heading', { level: 1 }).innerText(), `${ui.prefix}svc`);
    const grid = page.page.getByRole('grid', { name: 'Endpoints' });
    assert.equal(await grid.getAttribute('aria-rowcount'), '4');
    for (const column of ['Address', 'Status', 'Zone', 'Weight', 'Metadata'])
      assert.equal(await grid.getByRole('columnheader', { name: column }).count(), 1, column);
    assert.equal(await page.page.getByRole('searchbox', { name: 'Filter endpoints' }).count(), 1);
    assert.equal(await page.state.innerText(), 'Live');
    await page.row('a-long-name').filter({ hasText: 'draining' }).waitFor();
  });
});

/** By how many pixels the document is wider than the window. */
function overflow({ page }: UiPage): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
}
