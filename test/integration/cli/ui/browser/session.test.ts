import assert from 'node:assert/strict';
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

  it('survives a reload in its tab, but is not in another one', async () => {
    const { page, origin } = await ui.open();
    await page.page.reload();
    await page.shows('Live');
    const other = await page.page.context().newPage();
    await other.goto(origin);
    await other.getByRole('heading', { name: 'The page needs a link' }).waitFor();
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
