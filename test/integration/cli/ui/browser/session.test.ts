import assert from 'node:assert/strict';
import { findViolations } from '../../../../support/axe.js';
import { UiFixture } from './fixture.js';
import { UiPage } from './page.js';

const unauthorized = /401/;

describe('the session of the page of etcd-naming ui', () => {
  const ui = new UiFixture('session');

  beforeEach(() => ui.put('svc/e1', { addr: '10.0.0.1:1' }));

  it('does not begin with a wrong token, which does not use up the right one', async () => {
    const { origin, link } = await ui.start();
    const wrong = await ui.browser.open(`${origin}/#token=wrong`, { expected: unauthorized });
    await wrong.page.getByRole('heading', { name: 'The session has ended' }).waitFor();
    assert.equal(await wrong.page.getByText(`${ui.prefix}svc`).count(), 0);
    const right = await ui.browser.open(link);
    await new UiPage(right.page).shows('Live');
  });

  it('begins once with a link: a second browser gets nothing', async () => {
    const { link } = await ui.open();
    const second = await ui.browser.open(link, { expected: unauthorized });
    await second.page.getByText('This link was used already').waitFor();
    assert.equal(await second.page.getByText(`${ui.prefix}svc`).count(), 0);
  });

  it('survives a reload in its tab', async () => {
    const { page } = await ui.open();
    await page.page.reload();
    await page.shows('Live');
  });

  it('is in other tabs of its browser: those of links, of copied addresses and of a link that was used', async () => {
    const { page, tab, origin, link } = await ui.open();
    const context = page.page.context();
    const opened = context.waitForEvent('page');
    await page.page.getByRole('link', { name: `${ui.prefix}svc` }).click({ modifiers: ['ControlOrMeta'] });
    const byClick = new UiPage(await opened);
    await byClick.row('10.0.0.1:1').waitFor();
    const other = new UiPage(await context.newPage());
    await other.page.goto(`${origin}/#page=members`);
    await other.shows('Live');
    assert.equal(other.view.get('page'), 'members');
    const again = new UiPage(await context.newPage());
    tab.expect(unauthorized);
    await again.page.goto(link);
    await again.shows('Live');
  });

  it('is not in another tab once no tab has it, nor in another browser', async () => {
    const { page, origin } = await ui.open();
    const { page: foreign } = await ui.browser.open(origin);
    await foreign.getByRole('heading', { name: 'The page needs a link' }).waitFor();
    const other = await page.page.context().newPage();
    await page.page.close();
    await other.goto(origin);
    await other.getByRole('heading', { name: 'The page needs a link' }).waitFor();
    await other.getByText('press Enter in the terminal').waitFor();
  });

  it('is in no other tab at 127.0.0.1, where a page of an earlier process on the port may ask for it', async () => {
    const { link, origin } = await ui.start();
    const { port } = new URL(origin);
    const literal = (url: string) => url.replace(origin, `http://127.0.0.1:${port}`);
    const tab = await ui.browser.open(literal(link));
    await tab.page.getByRole('heading', { name: 'Services' }).waitFor({ state: 'attached' });
    const other = await tab.page.context().newPage();
    await other.goto(literal(`${origin}/`));
    await other.getByRole('heading', { name: 'The page needs a link' }).waitFor();
  });

  it('begins in another browser with a link that the page creates, which has the present view', async () => {
    const { page } = await ui.open({ view: '&page=members' });
    await page.page.getByText('Link for another browser').click();
    const link = await page.page.getByRole('textbox', { name: 'Link' }).inputValue();
    assert.deepEqual(await findViolations(page.page), []);
    const { page: second } = await ui.browser.open(link);
    await new UiPage(second).shows('Live');
    assert.equal(new UiPage(second).view.get('page'), 'members');
    await page.page.keyboard.press('Escape');
    await page.page.getByRole('textbox', { name: 'Link' }).waitFor({ state: 'hidden' });
  });

  it('is not what a made-up session gets', async () => {
    const { origin } = await ui.start();
    const { page } = await ui.browser.open(origin, { expected: unauthorized });
    const statuses = await page.evaluate(async () => {
      const headers = { authorization: 'Bearer made-up', 'content-type': 'application/json' };
      const answers = [
        await fetch('/api/events', { headers }),
        await fetch('/api/members', { method: 'POST', headers, body: '{}' }),
        await fetch('/api/members', { method: 'POST', body: '{}' }),
      ];
      return answers.map(({ status }) => status);
    });
    assert.deepEqual(statuses.slice(0, 2), [401, 401]);
    assert.ok((statuses[2] ?? 0) >= 400, String(statuses[2]));
  });
});
