import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { assertHardened, assertRefused } from './answer-checks.js';
import { action, PageServerFixture } from './page-server-fixture.js';
import { tokenOf } from './raw-http.js';

const requestPaths = ['/api/link', '/api/timeline', '/api/record', '/api/leases', '/api/members'];
const apiPaths = [...requestPaths, '/api/preview', '/api/action'];

describe('the server of the page', () => {
  const page = new PageServerFixture();

  describe('for its own page', () => {
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/?service=a', 'text/html; charset=utf-8'],
      ['/app.js', 'text/javascript; charset=utf-8'],
      ['/app.css', 'text/css; charset=utf-8'],
    ] as const)
      it(`serves ${path} without a session`, async () => {
        const answer = await page.http.send(path);
        assert.deepEqual([answer.status, answer.headers['content-type']], [200, type]);
        assertHardened(answer);
      });

    it('answers HEAD without a body', async () => {
      const answer = await page.http.send('/', { method: 'HEAD' });
      assert.deepEqual([answer.status, answer.body], [200, '']);
      assertHardened(answer);
    });

    it('answers each request of a session', async () => {
      const headers = await page.session();
      const bodies: Record<string, unknown> = { '/api/leases': { leases: [] }, '/api/action': action };
      bodies['/api/preview'] = action;
      for (const path of apiPaths.filter((each) => each !== '/api/record')) {
        const answer = await page.http.post(path, bodies[path] ?? {}, headers);
        assert.equal(answer.status, 200, `${path}: ${answer.body}`);
        assertHardened(answer);
      }
      assert.equal(page.performed, 1);
    });

    it('accepts the fetch metadata and the Origin of a browser', async () => {
      const headers = { 'sec-fetch-site': 'same-origin', origin: `http://${page.http.host}` };
      const answer = await page.http.post('/api/timeline', {}, { ...(await page.session()), ...headers });
      assert.equal(answer.status, 200);
      assert.equal((await page.http.send('/', { headers: { 'sec-fetch-site': 'none' } })).status, 200);
    });
  });

  describe('without a session', () => {
    for (const path of apiPaths)
      it(`refuses ${path}`, async () =>
        assertRefused(await page.http.post(path, action), 401, 'unauthorized'));

    it('refuses the stream', async () =>
      assertRefused(await page.http.send('/api/events'), 401, 'unauthorized'));

    for (const [what, headers] of [
      ['a wrong token', { authorization: 'Bearer wrong' }],
      ['an empty token', { authorization: 'Bearer ' }],
      ['another scheme', { authorization: 'Basic dXNlcjpwYXNz' }],
      ['a very long token', { authorization: `Bearer ${'A'.repeat(4_000)}` }],
      ['a cookie', { cookie: 'session=x' }],
    ] as const)
      it(`refuses ${what}`, async () =>
        assertRefused(await page.http.post('/api/action', action, headers), 401, 'unauthorized'));

    it('refuses the one-time token as a session, and a session token in the query', async () => {
      const url = page.server.createUrl();
      const bearer = { authorization: `Bearer ${tokenOf(url)}` };
      assertRefused(await page.http.post('/api/action', action, bearer), 401, 'unauthorized');
      const { authorization } = await page.http.open(url);
      const query = `/api/action?token=${String(authorization).slice(7)}`;
      assertRefused(await page.http.post(query, action), 401, 'unauthorized');
      assert.equal(page.performed, 0);
    });

    it('exchanges a one-time token once, and only by POST', async () => {
      const token = tokenOf(page.server.createUrl());
      assertRefused(await page.http.send(`/api/session?token=${token}`), 405, 'invalid');
      assert.equal((await page.http.post('/api/session', { token })).status, 200);
      assertRefused(await page.http.post('/api/session', { token }), 401, 'unauthorized');
    });

    it('accepts the right token after any number of wrong ones', async () => {
      for (let i = 0; i < 50; i++)
        assertRefused(await page.http.post('/api/session', { token: `wrong${i}` }), 401, 'unauthorized');
      assert.ok(await page.session());
    });
  });

  describe('for a link on a page of another site', () => {
    const navigation = {
      ...{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    };

    for (const site of ['cross-site', 'same-site'])
      it(`serves the document to a navigation from ${site}`, async () => {
        const answer = await page.http.send('/', { headers: { ...navigation, 'sec-fetch-site': site } });
        assert.equal(answer.status, 200);
        assertHardened(answer);
      });

    for (const [what, path, headers] of [
      ['a frame', '/', { 'sec-fetch-dest': 'iframe' }],
      ['an embedded object', '/', { 'sec-fetch-dest': 'object' }],
      ['a request of a script', '/', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' }],
      ['a form', '/', { origin: 'https://evil.example' }],
      ['another file', '/app.js', {}],
      ['the stream', '/api/events', {}],
    ] as const)
      it(`refuses ${what}`, async () =>
        assertRefused(
          await page.http.send(path, { headers: { ...navigation, ...headers } }),
          403,
          'forbidden',
        ));

    it('refuses a request of the API', async () =>
      assertRefused(await page.http.post('/api/session', {}, navigation), 403, 'forbidden'));
  });

  describe('for a page of another origin', () => {
    const foreign: readonly (readonly [what: string, headers: OutgoingHttpHeaders])[] = [
      ['a name that resolves to this machine (DNS rebinding)', { host: 'evil.example' }],
      ['such a name with the port', { host: 'evil.example:23790' }],
      ['another port of this machine', { host: '127.0.0.1:1' }],
      ['the Origin of another site', { origin: 'https://evil.example' }],
      ['the Origin of another port', { origin: 'http://127.0.0.1:1' }],
      ['the Origin null of a sandboxed frame', { origin: 'null' }],
      ['the fetch metadata of another site', { 'sec-fetch-site': 'cross-site' }],
      ['the fetch metadata of another port', { 'sec-fetch-site': 'same-site' }],
    ];

    for (const [what, headers] of foreign)
      it(`refuses ${what}, for files, the stream and all requests`, async () => {
        const own = await page.session();
        const all = { ...own, ...headers };
        for (const path of ['/', '/app.js', '/api/events', '/nothing'])
          assertRefused(await page.http.send(path, { headers: all }), 403, 'forbidden');
        for (const path of ['/api/session', ...apiPaths])
          assertRefused(await page.http.post(path, action, all), 403, 'forbidden');
        assert.equal(page.performed, 0);
      });

    it('refuses a token that such a page has, and does not use it up', async () => {
      const url = page.server.createUrl();
      const headers = { host: 'evil.example' };
      assertRefused(await page.http.post('/api/session', { token: tokenOf(url) }, headers), 403, 'forbidden');
      assert.ok(await page.http.open(url));
    });

    it('refuses a request of the API that a user opens as a document', async () => {
      const headers = { ...(await page.session()), 'sec-fetch-site': 'none' };
      assertRefused(await page.http.send('/api/events', { headers }), 403, 'forbidden');
    });

    it('answers a preflight without permission', async () => {
      const headers = {
        ...{ 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
        'access-control-request-private-network': 'true',
      };
      const answer = await page.http.send('/api/action', { method: 'OPTIONS', headers });
      assertRefused(answer, 405, 'invalid');
    });

    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', undefined])
      it(`refuses a body of the type ${type}, which a form can send`, async () => {
        const headers = {
          ...(await page.session()),
          ...(type === undefined ? {} : { 'content-type': type }),
        };
        const body = JSON.stringify(action);
        assertRefused(await page.http.send('/api/action', { method: 'POST', headers, body }), 400, 'invalid');
        assert.equal(page.performed, 0);
      });
  });

  describe('that is read-only', () => {
    beforeEach(() => page.restartReadOnly());

    it('refuses each action, and shows what it would do', async () => {
      const headers = await page.session();
      for (const name of ['drain', 'undrain', 'remove'])
        assertRefused(
          await page.http.post('/api/action', { ...action, action: name }, headers),
          403,
          'read-only',
        );
      assertRefused(
        await page.http.post('/api/action', { ...action, action: 'weight', weight: 1 }, headers),
        403,
        'read-only',
      );
      assert.equal((await page.http.post('/api/preview', action, headers)).status, 200);
      assert.equal(page.performed, 0);
    });
  });
});
