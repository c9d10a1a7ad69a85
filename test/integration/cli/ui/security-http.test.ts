import assert from 'node:assert/strict';
import { ApiError } from '#src/cli/ui/ports.js';
import { limits } from '#src/cli/ui/server/limits.js';
import { assertAnswered, assertRefused } from './answer-checks.js';
import { action, PageServerFixture } from './page-server-fixture.js';
import { headOf } from './raw-http.js';

describe('the server of the page', () => {
  const page = new PageServerFixture();

  describe('for a path', () => {
    for (const path of [
      ...['/../package.json', '/..%2fpackage.json', '/%2e%2e/package.json', '/app.js/../../package.json'],
      ...[
        '//etc/passwd',
        '/app.js%00',
        '/APP.JS',
        '/index.html',
        '/app.js/',
        '/api',
        '/api/',
        '/api/../app.js',
      ],
      ...['/api/events/', '/__proto__', '/constructor', '/<script>alert(1)</script>', '/favicon.ico', '*'],
    ])
      it(`${path} there is nothing, and the answer does not repeat it`, async () => {
        const answer = await page.http.send(path, { headers: await page.session() });
        assertRefused(answer, 404, 'not-found');
        assert.ok(!answer.body.includes('script') && !answer.body.includes('passwd'));
      });
  });

  describe('for a method', () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      it(`${method} changes nothing`, async () => {
        const headers = { ...(await page.session()), 'content-type': 'application/json' };
        const answer = await page.http.send('/api/action', { method, headers });
        assert.deepEqual([answer.status, answer.headers.allow, page.performed], [405, 'POST', 0]);
      });

    for (const method of ['POST', 'DELETE', 'TRACE'])
      it(`${method} of a file is refused`, async () =>
        assertRefused(await page.http.send('/app.js', { method }), 405, 'invalid'));

    it('POST of the stream is refused', async () =>
      assertRefused(await page.http.post('/api/events', {}, await page.session()), 405, 'invalid'));
  });

  describe('for a body', () => {
    for (const [what, body] of [
      ['that is not JSON', '{"action":'],
      ['that pollutes prototypes', '{"__proto__":{"readOnly":false},"action":"remove"}'],
      ['that is a list', '[]'],
      ['that is empty', ''],
      ['with an unknown action', '{"action":"wipe","key":"svc/e1","modRevision":"7"}'],
      ['without a revision', '{"action":"remove","key":"svc/e1"}'],
    ] as const)
      it(`${what} is invalid, and changes nothing`, async () => {
        assertRefused(await page.http.post('/api/action', body, await page.session()), 400, 'invalid');
        assert.equal(page.performed, 0);
      });

    it('does not quote what it cannot parse', async () => {
      const answer = await page.http.post('/api/session', 'secret-token');
      assertRefused(answer, 400, 'invalid');
      assert.ok(!answer.body.includes('secret'));
    });

    const large = JSON.stringify({ ...action, key: 'k'.repeat(limits.bodyBytes) });

    it('above 64 kB is refused, by its stated length', async () => {
      const headers = { ...(await page.session()), 'content-length': large.length };
      assertRefused(await page.http.post('/api/action', large, headers), 413, 'too-large');
    });

    it('above 64 kB in chunks is refused', async () => {
      const headers = { ...(await page.session()), 'transfer-encoding': 'chunked' };
      assertRefused(await page.http.post('/api/action', large, headers), 413, 'too-large');
      assert.equal(page.performed, 0);
    });

    it('that is compressed is refused', async () => {
      const headers = { ...(await page.session()), 'content-encoding': 'gzip' };
      assertRefused(await page.http.post('/api/action', action, headers), 400, 'invalid');
    });
  });

  describe('for bytes that are not a request', () => {
    for (const [what, status, request] of [
      ['no HTTP', 400, () => 'EHLO example\r\n\r\n'],
      [
        'two lengths',
        400,
        () => headOf('POST / HTTP/1.1', `Host: ${page.http.host}`, 'Content-Length: 1', 'Content-Length: 2'),
      ],
      [
        'a length and chunks (request smuggling)',
        400,
        () =>
          headOf(
            'POST / HTTP/1.1',
            `Host: ${page.http.host}`,
            'Content-Length: 4',
            'Transfer-Encoding: chunked',
          ),
      ],
      [
        'a folded header',
        400,
        () => headOf('GET / HTTP/1.1', `Host: ${page.http.host}`, 'A: b', ' c', 'Content Length: 1'),
      ],
      [
        'headers above 16 kB',
        431,
        () => headOf('GET / HTTP/1.1', `Host: ${page.http.host}`, `A: ${'a'.repeat(20_000)}`),
      ],
      ['CONNECT', 405, () => headOf('CONNECT etcd:2379 HTTP/1.1', `Host: ${page.http.host}`)],
      [
        'an upgrade',
        400,
        () =>
          headOf('GET / HTTP/1.1', `Host: ${page.http.host}`, 'Connection: Upgrade', 'Upgrade: websocket'),
      ],
    ] as const)
      it(`such as ${what}, answers ${status} and closes the connection`, async () =>
        assertAnswered(await page.http.bytes(request()), status));

    for (const [what, status, request] of [
      ['without Host', 400, () => headOf('GET / HTTP/1.1', 'Connection: close')],
      ['of HTTP/1.0', 400, () => headOf('GET / HTTP/1.0')],
      [
        'with two Hosts',
        400,
        () => headOf('GET / HTTP/1.1', `Host: ${page.http.host}`, 'Host: evil.example', 'Connection: close'),
      ],
      [
        'with an unknown transfer encoding',
        405,
        () => headOf('POST / HTTP/1.1', `Host: ${page.http.host}`, 'Transfer-Encoding: x'),
      ],
      [
        'for the URL of another host',
        404,
        () => headOf('GET http://evil.example/ HTTP/1.1', `Host: ${page.http.host}`, 'Connection: close'),
      ],
      [
        'with an Expect',
        417,
        () => headOf('GET / HTTP/1.1', `Host: ${page.http.host}`, 'Expect: x', 'Connection: close'),
      ],
    ] as const)
      it(`such as a request ${what}, answers ${status}`, async () =>
        assertAnswered(await page.http.bytes(request()), status));
  });

  describe('whose work fails', () => {
    it('does not show an unexpected error', async () => {
      page.failure = new Error('password=secret at /work/file.js');
      const answer = await page.http.post('/api/record', { key: 'k' }, await page.session());
      assertRefused(answer, 503, 'unavailable');
      assert.ok(!answer.body.includes('secret'));
      assert.deepEqual(page.unexpected, [page.failure]);
    });

    it('answers with the code of the error, and the record as it is now', async () => {
      const current = { key: 'k' } as never;
      page.failure = new ApiError('conflict', 'changed', { current });
      const { status, body } = await page.http.post('/api/record', { key: 'k' }, await page.session());
      assert.deepEqual(
        [status, JSON.parse(body)],
        [409, { error: { code: 'conflict', message: 'changed', current } }],
      );
    });
  });
});
