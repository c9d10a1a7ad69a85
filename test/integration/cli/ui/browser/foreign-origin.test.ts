import assert from 'node:assert/strict';
import { request } from 'node:http';
import { reboundName } from '../../../../support/chromium.js';
import { eventually } from '../../../../support/eventually.js';
import { UiFixture } from './fixture.js';
import { attack, type ForeignPage, startForeignPage } from './foreign-page.js';

describe('the page of etcd-naming ui and pages of other origins', () => {
  const ui = new UiFixture('foreign');
  let foreign: ForeignPage;

  before(async () => {
    foreign = await startForeignPage();
  });
  after(() => foreign[Symbol.asyncDispose]());

  beforeEach(() => ui.put('svc/e1', { addr: '10.0.0.1:1' }));

  async function openForeignPage(origin: string) {
    const { page } = await ui.browser.open(foreign.origin, { mayReach: [origin], expected: /./ });
    return page;
  }

  describe('a page of another origin that knows the link', () => {
    it('reads nothing, embeds nothing, and does not use up the token', async () => {
      const { origin, link } = await ui.start();
      const page = await openForeignPage(origin);
      const token = /#token=(\S+)/.exec(link)?.[1] ?? '';
      const attempts = await page.evaluate(attack, { origin, body: JSON.stringify({ token }) });
      for (const [attempt, result] of Object.entries(attempts))
        assert.match(result, /^blocked$|^0 opaque $/, attempt);
      const own = await ui.browser.open(link);
      await own.page.getByText('svc').first().waitFor();
    });

    it('cannot show the page in a frame, nor post a form to it', async () => {
      const { origin, link } = await ui.start();
      const page = await openForeignPage(origin);
      await page.evaluate((url) => {
        const frame = Object.assign(document.createElement('iframe'), { src: url, name: 'victim' });
        document.body.append(frame);
      }, link);
      const shown = () => page.mainFrame().childFrames()[0]?.url();
      await eventually('the frame shows an error', () => shown()?.startsWith('chrome-error:'));
      const posted = page.waitForResponse(`${origin}/api/action`);
      await page.evaluate((action) => {
        const form = { action, method: 'post', enctype: 'text/plain', target: 'victim' };
        const element = Object.assign(document.createElement('form'), form);
        element.append(Object.assign(document.createElement('input'), { name: '{"action":"remove"}' }));
        document.body.append(element);
        element.submit();
      }, `${origin}/api/action`);
      assert.equal((await posted).status(), 403);
    });
  });

  describe('a name of another host that resolves to this one', () => {
    it('gets neither the page nor an answer of its requests', async () => {
      const { origin, link } = await ui.start();
      const rebound = link.replace(new URL(link).hostname, reboundName);
      const { page } = await ui.browser.open(rebound, { expected: /403|Cross-Origin-Opener-Policy/ });
      assert.equal(await page.locator('#app').count(), 0);
      const status = await page.evaluate(
        async () => (await fetch('/api/session', { method: 'POST' })).status,
      );
      assert.equal(status, 403);
      assert.equal(new URL(page.url()).port, new URL(origin).port);
    });
  });

  describe('a request with a foreign Host or Origin', () => {
    const forged: readonly Record<string, string>[] = [
      { host: 'evil.example' },
      { host: '127.0.0.1:1' },
      { origin: 'http://evil.example' },
      { origin: 'http://127.0.0.1:1' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];

    it('is forbidden, for the files too', async () => {
      const { origin } = await ui.start();
      assert.equal(await statusOf(`${origin}/`, {}), 200);
      for (const headers of forged)
        for (const path of ['/', '/app.js', '/api/events', '/api/session'])
          assert.equal(await statusOf(origin + path, headers), 403, `${path} ${JSON.stringify(headers)}`);
    });
  });
});

/** The status of a GET, of a POST for the session. */
function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const method = url.endsWith('/api/session') ? 'POST' : 'GET';
  const { host, port, pathname: path } = new URL(url);
  const target = { host: '127.0.0.1', port, path, method, agent: false };
  return new Promise((resolve, reject) => {
    request({ ...target, headers: { host, ...headers } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}
