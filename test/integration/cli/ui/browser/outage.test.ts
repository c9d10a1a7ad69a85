import assert from 'node:assert/strict';
import { skipUnlessBreakable } from '../../../../support/etcd.js';
import { UiFixture } from './fixture.js';
import { UiPage } from './page.js';

describe('the page of etcd-naming ui and an etcd that fails', () => {
  const ui = new UiFixture('outage');

  before(function () {
    skipUnlessBreakable(this, ui.etcd());
  });

  beforeEach(() => ui.put('svc/e1', { addr: '10.0.0.1:1' }));

  const ageOf = (detail: string) => Number(/for (\d+) s/.exec(detail)?.[1]);

  it('says for how long etcd has been away, marks the list, and follows etcd again', async () => {
    const { page } = await ui.open({ view: '&page=endpoints' });
    await page.row('10.0.0.1:1').waitFor();
    const place = await page.row('10.0.0.1:1').boundingBox();
    await ui.etcd().stop();
    await page.shows('etcd is away');
    assert.equal(await page.isStale(), true);
    assert.deepEqual(await page.row('10.0.0.1:1').boundingBox(), place, 'nothing moves');
    const detail = page.page.locator('.state-detail');
    assert.match(await detail.innerText(), /showing the state of \d/);
    const first = ageOf(await detail.innerText());
    await detail.filter({ hasText: new RegExp(`for ${first + 2} s`) }).waitFor();
    await page.row('10.0.0.1:1').waitFor();
    await ui.etcd().restart();
    await page.shows('Live');
    assert.equal(await page.isStale(), false);
    await ui.put('svc/e2', { addr: '10.0.0.2:1' });
    await page.row('10.0.0.2:1').waitFor();
    await page.go({ page: 'timeline' });
    await page.entries.filter({ hasText: 'current again after' }).waitFor();
    await page.entries.filter({ hasText: 'etcd does not answer' }).waitFor();
  });

  it('notices an etcd that is silent although its connections are open', async () => {
    const { page } = await ui.open({ view: '&page=endpoints' });
    await ui.etcd().pause();
    try {
      await page.shows('etcd is away');
      assert.equal(await page.isStale(), true);
    } finally {
      await ui.etcd().resume();
    }
    await page.shows('Live');
  });

  it('opens while etcd does not answer, shows that, and the list when etcd returns', async () => {
    await ui.etcd().stop();
    try {
      const { link } = await ui.start();
      const page = new UiPage((await ui.browser.open(link)).page);
      await page.state.filter({ hasText: /No etcd answers at 127\.0\.0\.1:\d+/ }).waitFor();
      assert.equal(await page.row(`${ui.prefix}svc`).count(), 0);
      assert.equal(await page.page.getByText('0 services').count(), 0, 'the number is not known');
      await page.page.getByText('Cause').click();
      await page.page.getByText('UNAVAILABLE').waitFor();
      await ui.etcd().restart();
      await page.shows('Live');
      await page.row(`${ui.prefix}svc`).waitFor();
    } finally {
      await ui.etcd().restart();
    }
  });

  it('shows the records of another store after etcd was wiped, and says why the others left', async () => {
    const { page } = await ui.open({ view: '&page=endpoints' });
    await page.row('10.0.0.1:1').waitFor();
    await ui.etcd().wipe();
    await page.row('10.0.0.1:1').waitFor({ state: 'detached' });
    await ui.put('svc/e2', { addr: '10.0.0.2:1' });
    await page.row('10.0.0.2:1').waitFor();
    await page.go({ page: 'timeline' });
    await page.entries.filter({ hasText: 'left: store replaced' }).waitFor();
  });
});
