import assert from 'node:assert/strict';
import type { BrowserTab } from '../../../../support/browser-tab.js';
import { eventually } from '../../../../support/eventually.js';
import { type OpenOptions, UiFixture } from './fixture.js';
import type { UiPage } from './page.js';

describe('the actions of the page of etcd-naming ui', () => {
  const ui = new UiFixture('actions');
  let page: UiPage;
  let tab: BrowserTab;

  async function openService(options: OpenOptions = {}): Promise<void> {
    const lease = await ui.lease();
    await ui.put('svc/e1', { addr: '10.0.0.1:1', metadata: { zone: 'a' }, lease });
    await ui.put('svc/e2', { addr: '10.0.0.2:1', lease });
    const view = `&page=endpoints&service=${encodeURIComponent(`${ui.prefix}svc`)}`;
    ({ page, tab } = await ui.open({ view, ...options }));
  }

  /** Opens the details of e1 and presses the button of an action. */
  async function choose(action: string): Promise<void> {
    await page.row('10.0.0.1:1').click();
    await page.details.getByRole('button', { name: `${action} …` }).click();
    await page.dialog.getByRole('heading', { name: `${action} 10.0.0.1:1` }).waitFor();
  }

  const confirm = (action: string) => page.dialog.getByRole('button', { name: action, exact: true });

  async function stored(): Promise<{ Addr: string; Metadata: Record<string, unknown> } | undefined> {
    const { kv } = await ui.client.kv.get(`${ui.prefix}svc/e1`);
    return kv && JSON.parse(kv.value.toString());
  }

  it('drains an endpoint after it showed the change, and undrains it', async () => {
    await openService();
    await choose('Drain');
    await page.dialog.getByText('metadata.status').waitFor();
    assert.equal((await stored())?.Metadata['status'], undefined, 'the preview writes nothing');
    await confirm('Drain').click();
    await page.dialog.getByText('10.0.0.1:1 is draining, revision').waitFor();
    assert.deepEqual(await stored(), { ...(await stored()), Metadata: { zone: 'a', status: 'draining' } });
    await page.dialog.getByRole('button', { name: 'Close' }).click();
    await page.row('10.0.0.1:1').filter({ hasText: 'draining' }).waitFor();
    await choose('Undrain');
    await confirm('Undrain').click();
    await page.dialog.getByText('10.0.0.1:1 is no longer draining').waitFor();
    assert.notEqual((await stored())?.Metadata['status'], 'draining');
  });

  it('sets a weight', async () => {
    await openService();
    await choose('Set weight');
    await page.dialog.getByLabel('Weight').fill('-1');
    assert.equal(await page.dialog.getByLabel('Weight').getAttribute('aria-invalid'), 'true');
    await page.dialog.getByRole('status').filter({ hasText: 'A weight is 0 or more.' }).waitFor();
    await page.dialog.getByRole('button', { name: 'Preview' }).click({ force: true });
    assert.equal(await page.dialog.getByLabel('Weight').evaluate((e) => e === document.activeElement), true);
    await page.dialog.getByLabel('Weight').fill('7');
    await page.dialog.getByRole('button', { name: 'Preview' }).click();
    await confirm('Set weight').click();
    await page.dialog.getByText('has the new weight').waitFor();
    assert.equal((await stored())?.Metadata['weight'], 7);
  });

  it('removes an endpoint after the warning that its living owner will store it again', async () => {
    await openService();
    await choose('Remove');
    await page.dialog.getByText(/again/).first().waitFor();
    await confirm('Remove').click();
    await page.dialog.getByText('10.0.0.1:1 is removed').waitFor();
    assert.equal(await stored(), undefined);
    await page.row('10.0.0.1:1').waitFor({ state: 'detached' });
  });

  it('changes nothing when the record was changed after the preview, and shows by what', async () => {
    await openService();
    await choose('Drain');
    await page.dialog.getByText('metadata.status').waitFor();
    await ui.put('svc/e1', { addr: '10.0.0.1:1', metadata: { zone: 'b' }, lease: await ui.lease() });
    tab.expect(/409/);
    await confirm('Drain').click();
    await page.dialog.getByText('nothing was changed by this action').waitFor();
    assert.match(await page.dialog.innerText(), /zone.*"a".*"b"/s);
    assert.deepEqual((await stored())?.Metadata, { zone: 'b' });
    await page.dialog.getByRole('button', { name: 'Look again' }).click();
    await confirm('Drain').click();
    await page.dialog.getByText('is draining, revision').waitFor();
    assert.deepEqual((await stored())?.Metadata, { zone: 'b', status: 'draining' });
  });

  it('says that the record is gone when it was deleted after the preview', async () => {
    await openService();
    await choose('Drain');
    await page.dialog.getByText('metadata.status').waitFor();
    await ui.client.kv.delete(`${ui.prefix}svc/e1`);
    tab.expect(/404|409/);
    await confirm('Drain').click();
    await page.dialog
      .getByText(/is gone/)
      .first()
      .waitFor();
    assert.equal(await stored(), undefined);
  });

  it('writes nothing when the dialog is cancelled', async () => {
    await openService();
    const { kv: before } = await ui.client.kv.get(`${ui.prefix}svc/e1`);
    await choose('Remove');
    await page.page.keyboard.press('Escape');
    await page.dialog.waitFor({ state: 'detached' });
    const { kv } = await ui.client.kv.get(`${ui.prefix}svc/e1`);
    assert.equal(kv?.modRevision, before?.modRevision);
  });

  it('is closed by the back button of the browser, and the focus returns to the row with that of the details', async () => {
    await openService();
    await choose('Drain');
    await page.dialog.getByText('metadata.status').waitFor();
    await page.page.goBack();
    await page.dialog.waitFor({ state: 'detached' });
    await page.details.waitFor({ state: 'detached' });
    await eventually('the row has the focus', () =>
      page.row('10.0.0.1:1').evaluate((row) => row === document.activeElement),
    );
    await page.page.keyboard.press('Enter');
    await page.details.getByRole('heading', { name: '10.0.0.1:1' }).waitFor();
  });

  it('says once that a record stays as it is', async () => {
    await openService();
    await ui.put('svc/e1', { addr: '10.0.0.1:1', metadata: { weight: 3 } });
    await page.row('10.0.0.1:1').filter({ hasText: '3' }).waitFor();
    await choose('Set weight');
    await page.dialog.getByRole('button', { name: 'Preview' }).click();
    await page.dialog.getByText('Nothing will change').waitFor();
    assert.equal(await page.dialog.getByText('Nothing would change').count(), 0);
  });

  it('does not let the user confirm while what it shows is not current', async () => {
    await openService();
    await choose('Drain');
    await page.dialog.getByText('metadata.status').waitFor();
    await ui.etcd().pause();
    try {
      await page.shows('etcd is away');
      assert.equal(await confirm('Drain').getAttribute('aria-disabled'), 'true');
      await page.dialog.getByText('Not possible now').waitFor();
    } finally {
      await ui.etcd().resume();
    }
    await eventually('the button is enabled', async () => {
      return (await confirm('Drain').getAttribute('aria-disabled')) === 'false';
    });
  });

  describe('with --read-only', () => {
    it('has no actions, says why, and the command refuses them too', async () => {
      await openService({ args: ['--read-only'] });
      await page.row('10.0.0.1:1').click();
      await page.details.getByText('The page is read-only').waitFor();
      assert.equal(await page.button(/Drain|Undrain|Remove|Set weight|Actions on/).count(), 0);
      const { kv } = await ui.client.kv.get(`${ui.prefix}svc/e1`);
      tab.expect(/403/);
      const { status } = await page.post('/api/action', {
        action: 'remove',
        key: `${ui.prefix}svc/e1`,
        modRevision: String(kv?.modRevision),
      });
      assert.equal(status, 403);
      assert.ok(await stored());
    });
  });
});
