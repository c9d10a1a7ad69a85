import assert from 'node:assert/strict';
import { UiFixture } from './fixture.js';
import { UiPage } from './page.js';
import { startPortOwner } from './port-owner.js';

describe('the page of etcd-naming ui on a port that another program had before', () => {
  const ui = new UiFixture('port-owner');

  it('gets nothing of what that program left in the browser', async () => {
    await ui.put('svc/e1', { addr: '10.0.0.1:1' });
    const owner = await startPortOwner();
    const earlier = `http://127.0.0.1:${owner.port}`;
    const tab = await ui.browser.open(earlier, { expected: /./ });
    const { page } = tab;
    await page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
    await owner[Symbol.asyncDispose]();
    const { link, origin } = await ui.start('--port', `${owner.port}`);
    tab.allow(origin);
    const stolen = () => page.evaluate(() => document.documentElement.dataset['stolen']);

    await page.goto(`${earlier}/#token=a`);
    await page.reload();
    assert.equal(await stolen(), '#token=a', 'the worker answers for the earlier origin');

    await page.goto(link);
    await new UiPage(page).shows('Live');
    assert.equal(await stolen(), undefined);
  });
});
