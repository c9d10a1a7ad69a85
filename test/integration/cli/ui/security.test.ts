import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { ApiError, type Backend } from '#src/cli/ui/ports.js';
import { type Assets, PageServer } from '#src/cli/ui/server/index.js';
import { limits } from '#src/cli/ui/server/limits.js';
import { eventually } from '../../../support/eventually.js';
import { FakeCatalog, settings } from '../../../unit/cli/ui/server/fake-catalog.js';
import { type Answer, codeOf, RawHttp, tokenOf } from './raw-http.js';

const file = (type: string, text: string) => ({ type, body: Buffer.from(text) });
const assets: Assets = new Map([
  ['/', file('text/html; charset=utf-8', '<!doctype html>')],
  ['/app.js', file('text/javascript; charset=utf-8', 'code()')],
  ['/app.css', file('text/css; charset=utf-8', 'a{}')],
]);

const json = { 'content-type': 'application/json' };
const action = { action: 'remove', key: 'svc/e1', modRevision: '7' };
const requestPaths = ['/api/link', '/api/timeline', '/api/record', '/api/leases', '/api/members'];
const apiPaths = [...requestPaths, '/api/preview', '/api/action'];

describe('the server of the page', () => {
  let server: PageServer;
  let http: RawHttp;
  let performed: number;
  let failure: unknown;
  let unexpected: unknown[];
  let isSlow: boolean;
  let waiting: (() => void)[];
  let signals: AbortSignal[];

  /** Answers when the test says so, if it is slow. */
  const slowly = <T>(signal: AbortSignal, answer: T): Promise<T> => {
    signals.push(signal);
    return isSlow ? new Promise((resolve) => waiting.push(() => resolve(answer))) : Promise.resolve(answer);
  };

  const backend = (readOnly: boolean): Backend => ({
    settings: { ...settings, readOnly },
    catalog: new FakeCatalog(),
    record: async () => {
      throw failure;
    },
    leases: async () => ({ leases: {} }),
    members: (signal) => slowly(signal, { members: [] }),
    preview: async () => ({ changes: [], warnings: [] }),
    perform: (_request, signal) => {
      performed++;
      return slowly(signal, { revision: '8', changed: true });
    },
  });

  const start = async (readOnly = false) => {
    performed = 0;
    isSlow = false;
    waiting = [];
    signals = [];
    unexpected = [];
    server = await PageServer.start({
      ...{ backend: backend(readOnly), assets, addresses: ['127.0.0.1'], publicHost: '127.0.0.1', port: 0 },
      onUnexpected: (error) => unexpected.push(error),
    });
    http = new RawHttp(server.createUrl());
  };

  beforeEach(() => start());
  afterEach(() => server.close());

  const session = () => http.open(server.createUrl());

  /** Checks what each answer must have, and what none may have. */
  const assertHardened = ({ headers, body }: Answer) => {
    const policy = String(headers['content-security-policy']);
    assert.match(
      policy,
      /default-src 'none'; script-src 'self'; .*frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'$/,
    );
    assert.doesNotMatch(policy, /unsafe|\*/);
    const names = ['x-content-type-options', 'referrer-policy', 'cache-control', 'x-frame-options'];
    const isolation = ['cross-origin-opener-policy', 'cross-origin-resource-policy'];
    assert.deepEqual(
      [...names, ...isolation].map((name) => headers[name]),
      ['nosniff', 'no-referrer', 'no-store', 'DENY', 'same-origin', 'same-origin'],
    );
    const forbidden = ['strict-transport-security', 'set-cookie', 'server', 'x-powered-by'];
    for (const name of Object.keys(headers))
      assert.ok(!forbidden.includes(name) && !name.startsWith('access-control-'), name);
    assert.doesNotMatch(body, /\/work\/|node:|at .*\.js|file:/);
  };

  const assertRefused = (answer: Answer, status: number, code: string) => {
    assert.deepEqual([answer.status, codeOf(answer)], [status, code]);
    assertHardened(answer);
  };

  const assertAnswered = (text: string, status: number) => {
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(text, /content-security-policy: default-src 'none'/i);
    assert.match(text, /x-content-type-options: nosniff/i);
    assert.match(text, /connection: close/i);
    assert.equal(text.split('HTTP/1.1').length, 2, 'there is one answer');
  };
  const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;

  describe('for its own page', () => {
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/?service=a', 'text/html; charset=utf-8'],
      ['/app.js', 'text/javascript; charset=utf-8'],
      ['/app.css', 'text/css; charset=utf-8'],
    ] as const)
      it(`serves ${path} without a session`, async () => {
        const answer = await http.send(path);
        assert.deepEqual([answer.status, answer.headers['content-type']], [200, type]);
        assertHardened(answer);
      });

    it('answers HEAD without a body', async () => {
      const answer = await http.send('/', { method: 'HEAD' });
      assert.deepEqual([answer.status, answer.body], [200, '']);
      assertHardened(answer);
    });

    it('answers each request of a session', async () => {
      const headers = await session();
      const bodies: Record<string, unknown> = { '/api/leases': { leases: [] }, '/api/action': action };
      bodies['/api/preview'] = action;
      for (const path of apiPaths.filter((each) => each !== '/api/record')) {
        const answer = await http.post(path, bodies[path] ?? {}, headers);
        assert.equal(answer.status, 200, `${path}: ${answer.body}`);
        assertHardened(answer);
      }
      assert.equal(performed, 1);
    });

    it('accepts the fetch metadata and the Origin of a browser', async () => {
      const headers = { 'sec-fetch-site': 'same-origin', origin: `http://${http.host}` };
      const answer = await http.post('/api/timeline', {}, { ...(await session()), ...headers });
      assert.equal(answer.status, 200);
      assert.equal((await http.send('/', { headers: { 'sec-fetch-site': 'none' } })).status, 200);
    });
  });

  describe('without a session', () => {
    for (const path of apiPaths)
      it(`refuses ${path}`, async () => assertRefused(await http.post(path, action), 401, 'unauthorized'));

    it('refuses the stream', async () => assertRefused(await http.send('/api/events'), 401, 'unauthorized'));

    for (const [what, headers] of [
      ['a wrong token', { authorization: 'Bearer wrong' }],
      ['an empty token', { authorization: 'Bearer ' }],
      ['another scheme', { authorization: 'Basic dXNlcjpwYXNz' }],
      ['a very long token', { authorization: `Bearer ${'A'.repeat(4_000)}` }],
      ['a cookie', { cookie: 'session=x' }],
    ] as const)
      it(`refuses ${what}`, async () =>
        assertRefused(await http.post('/api/action', action, headers), 401, 'unauthorized'));

    it('refuses the one-time token as a session, and a session token in the query', async () => {
      const url = server.createUrl();
      const bearer = { authorization: `Bearer ${tokenOf(url)}` };
      assertRefused(await http.post('/api/action', action, bearer), 401, 'unauthorized');
      const { authorization } = await http.open(url);
      const query = `/api/action?token=${String(authorization).slice(7)}`;
      assertRefused(await http.post(query, action), 401, 'unauthorized');
      assert.equal(performed, 0);
    });

    it('exchanges a one-time token once, and only by POST', async () => {
      const token = tokenOf(server.createUrl());
      assertRefused(await http.send(`/api/session?token=${token}`), 405, 'invalid');
      assert.equal((await http.post('/api/session', { token })).status, 200);
      assertRefused(await http.post('/api/session', { token }), 401, 'unauthorized');
    });

    it('accepts the right token after any number of wrong ones', async () => {
      for (let i = 0; i < 50; i++)
        assertRefused(await http.post('/api/session', { token: `wrong${i}` }), 401, 'unauthorized');
      assert.ok(await session());
    });
  });

  describe('for a link on a page of another site', () => {
    const navigation = {
      ...{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    };

    for (const site of ['cross-site', 'same-site'])
      it(`serves the document to a navigation from ${site}`, async () => {
        const answer = await http.send('/', { headers: { ...navigation, 'sec-fetch-site': site } });
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
        assertRefused(await http.send(path, { headers: { ...navigation, ...headers } }), 403, 'forbidden'));

    it('refuses a request of the API', async () =>
      assertRefused(await http.post('/api/session', {}, navigation), 403, 'forbidden'));
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
        const own = await session();
        const all = { ...own, ...headers };
        for (const path of ['/', '/app.js', '/api/events', '/nothing'])
          assertRefused(await http.send(path, { headers: all }), 403, 'forbidden');
        for (const path of ['/api/session', ...apiPaths])
          assertRefused(await http.post(path, action, all), 403, 'forbidden');
        assert.equal(performed, 0);
      });

    it('refuses a token that such a page has, and does not use it up', async () => {
      const url = server.createUrl();
      const headers = { host: 'evil.example' };
      assertRefused(await http.post('/api/session', { token: tokenOf(url) }, headers), 403, 'forbidden');
      assert.ok(await http.open(url));
    });

    it('refuses a request of the API that a user opens as a document', async () => {
      const headers = { ...(await session()), 'sec-fetch-site': 'none' };
      assertRefused(await http.send('/api/events', { headers }), 403, 'forbidden');
    });

    it('answers a preflight without permission', async () => {
      const headers = {
        ...{ 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
        'access-control-request-private-network': 'true',
      };
      const answer = await http.send('/api/action', { method: 'OPTIONS', headers });
      assertRefused(answer, 405, 'invalid');
    });

    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', undefined])
      it(`refuses a body of the type ${type}, which a form can send`, async () => {
        const headers = { ...(await session()), ...(type === undefined ? {} : { 'content-type': type }) };
        const body = JSON.stringify(action);
        assertRefused(await http.send('/api/action', { method: 'POST', headers, body }), 400, 'invalid');
        assert.equal(performed, 0);
      });
  });

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
        const answer = await http.send(path, { headers: await session() });
        assertRefused(answer, 404, 'not-found');
        assert.ok(!answer.body.includes('script') && !answer.body.includes('passwd'));
      });
  });

  describe('for a method', () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      it(`${method} changes nothing`, async () => {
        const headers = { ...(await session()), 'content-type': 'application/json' };
        const answer = await http.send('/api/action', { method, headers });
        assert.deepEqual([answer.status, answer.headers.allow, performed], [405, 'POST', 0]);
      });

    for (const method of ['POST', 'DELETE', 'TRACE'])
      it(`${method} of a file is refused`, async () =>
        assertRefused(await http.send('/app.js', { method }), 405, 'invalid'));

    it('POST of the stream is refused', async () =>
      assertRefused(await http.post('/api/events', {}, await session()), 405, 'invalid'));
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
        assertRefused(await http.post('/api/action', body, await session()), 400, 'invalid');
        assert.equal(performed, 0);
      });

    it('does not quote what it cannot parse', async () => {
      const answer = await http.post('/api/session', 'secret-token');
      assertRefused(answer, 400, 'invalid');
      assert.ok(!answer.body.includes('secret'));
    });

    const large = JSON.stringify({ ...action, key: 'k'.repeat(limits.bodyBytes) });

    it('above 64 kB is refused, by its stated length', async () => {
      const headers = { ...(await session()), 'content-length': large.length };
      assertRefused(await http.post('/api/action', large, headers), 413, 'too-large');
    });

    it('above 64 kB in chunks is refused', async () => {
      const headers = { ...(await session()), 'transfer-encoding': 'chunked' };
      assertRefused(await http.post('/api/action', large, headers), 413, 'too-large');
      assert.equal(performed, 0);
    });

    it('that is compressed is refused', async () => {
      const headers = { ...(await session()), 'content-encoding': 'gzip' };
      assertRefused(await http.post('/api/action', action, headers), 400, 'invalid');
    });
  });

  describe('for bytes that are not a request', () => {
    for (const [what, status, request] of [
      ['no HTTP', 400, () => 'EHLO example\r\n\r\n'],
      [
        'two lengths',
        400,
        () => lines('POST / HTTP/1.1', `Host: ${http.host}`, 'Content-Length: 1', 'Content-Length: 2'),
      ],
      [
        'a length and chunks (request smuggling)',
        400,
        () =>
          lines('POST / HTTP/1.1', `Host: ${http.host}`, 'Content-Length: 4', 'Transfer-Encoding: chunked'),
      ],
      [
        'a folded header',
        400,
        () => lines('GET / HTTP/1.1', `Host: ${http.host}`, 'A: b', ' c', 'Content Length: 1'),
      ],
      [
        'headers above 16 kB',
        431,
        () => lines('GET / HTTP/1.1', `Host: ${http.host}`, `A: ${'a'.repeat(20_000)}`),
      ],
      ['CONNECT', 405, () => lines('CONNECT etcd:2379 HTTP/1.1', `Host: ${http.host}`)],
      [
        'an upgrade',
        400,
        () => lines('GET / HTTP/1.1', `Host: ${http.host}`, 'Connection: Upgrade', 'Upgrade: websocket'),
      ],
    ] as const)
      it(`such as ${what}, answers ${status} and closes the connection`, async () =>
        assertAnswered(await http.bytes(request()), status));

    for (const [what, status, request] of [
      ['without Host', 400, () => lines('GET / HTTP/1.1', 'Connection: close')],
      ['of HTTP/1.0', 400, () => lines('GET / HTTP/1.0')],
      [
        'with two Hosts',
        400,
        () => lines('GET / HTTP/1.1', `Host: ${http.host}`, 'Host: evil.example', 'Connection: close'),
      ],
      [
        'with an unknown transfer encoding',
        405,
        () => lines('POST / HTTP/1.1', `Host: ${http.host}`, 'Transfer-Encoding: x'),
      ],
      [
        'for the URL of another host',
        404,
        () => lines('GET http://evil.example/ HTTP/1.1', `Host: ${http.host}`, 'Connection: close'),
      ],
      [
        'with an Expect',
        417,
        () => lines('GET / HTTP/1.1', `Host: ${http.host}`, 'Expect: x', 'Connection: close'),
      ],
    ] as const)
      it(`such as a request ${what}, answers ${status}`, async () =>
        assertAnswered(await http.bytes(request()), status));
  });

  describe('that is read-only', () => {
    beforeEach(async () => {
      await server.close();
      await start(true);
    });

    it('refuses each action, and shows what it would do', async () => {
      const headers = await session();
      for (const name of ['drain', 'undrain', 'remove'])
        assertRefused(await http.post('/api/action', { ...action, action: name }, headers), 403, 'read-only');
      assertRefused(
        await http.post('/api/action', { ...action, action: 'weight', weight: 1 }, headers),
        403,
        'read-only',
      );
      assert.equal((await http.post('/api/preview', action, headers)).status, 200);
      assert.equal(performed, 0);
    });
  });

  describe('whose work fails', () => {
    it('does not show an unexpected error', async () => {
      failure = new Error('password=secret at /work/file.js');
      const answer = await http.post('/api/record', { key: 'k' }, await session());
      assertRefused(answer, 503, 'unavailable');
      assert.ok(!answer.body.includes('secret'));
      assert.deepEqual(unexpected, [failure]);
    });

    it('answers with the code of the error, and the record as it is now', async () => {
      const current = { key: 'k' } as never;
      failure = new ApiError('conflict', 'changed', { current });
      const { status, body } = await http.post('/api/record', { key: 'k' }, await session());
      assert.deepEqual(
        [status, JSON.parse(body)],
        [409, { error: { code: 'conflict', message: 'changed', current } }],
      );
    });
  });

  describe('for a client that is slow', () => {
    it('closes the connection when headers, or a body, do not arrive, and reports nothing', async () => {
      const { authorization } = await session();
      const head = [
        `Host: ${http.host}`,
        `Authorization: ${authorization}`,
        'Content-Type: application/json',
      ];
      const [headers, body] = await Promise.all([
        http.bytes('GET / HTTP/1.1\r\nHost: '),
        http.bytes(lines('POST /api/action HTTP/1.1', ...head, 'Content-Length: 10'), '{'),
      ]);
      assertAnswered(headers, 408);
      assert.deepEqual([body, performed, unexpected], ['', 0, []]);
    });
  });

  describe('for a client that aborts its request', () => {
    it('reports nothing', async () => {
      const start = ['POST /api/session HTTP/1.1', `Host: ${http.host}`, 'Content-Type: application/json'];
      for (const framing of ['Content-Length: 10', 'Transfer-Encoding: chunked'])
        for (const abort of ['destroy', 'resetAndDestroy', 'end'] as const) {
          const socket = connect(http.port, '127.0.0.1', () =>
            socket.write(lines(...start, framing, 'Expect: 100-continue')),
          );
          await once(socket, 'data');
          socket[abort]();
          await once(socket.resume(), 'close');
        }
      const { authorization } = await session();
      isSlow = true;
      const stream = http.stream('/api/members', { ...json, authorization }, '{}');
      await eventually('the members are being read', () => waiting.length === 1);
      stream.close();
      await eventually('the read is aborted', () => signals[0]?.aborted);
      assert.deepEqual(unexpected, []);
    });
  });

  describe('with many requests at once', () => {
    it('refuses one more, until one ends', async () => {
      isSlow = true;
      const own = await session();
      const pending = Array.from({ length: limits.requests }, () => http.post('/api/members', {}, own));
      await eventually('all are being answered', () => waiting.length === limits.requests);
      assertRefused(await http.post('/api/timeline', {}, own), 503, 'busy');
      for (const end of waiting) end();
      for (const answer of pending) assert.equal((await answer).status, 200);
      assert.equal((await http.post('/api/timeline', {}, own)).status, 200);
    });

    it('ends the work of a page that goes away, but not an action', async () => {
      isSlow = true;
      const headers = { ...(await session()), 'content-type': 'application/json' };
      const members = http.stream('/api/members', headers, '{}');
      await eventually('the members are being read', () => signals.length === 1);
      const performing = http.stream('/api/action', headers, JSON.stringify(action));
      await eventually('the action is being performed', () => signals.length === 2);
      performing.close();
      await performing.closed;
      members.close();
      await eventually('the read is aborted', () => signals[0]?.aborted);
      assert.deepEqual([signals[1]?.aborted, performed], [false, 1]);
      for (const end of waiting) end();
    });
  });

  describe('with many streams', () => {
    it('refuses one more, until one ends', async () => {
      const own = await session();
      const streams = Array.from({ length: limits.streams }, () => http.stream('/api/events', own));
      for (const stream of streams) await stream.opened;
      assertRefused(await http.send('/api/events', { headers: own }), 503, 'busy');
      streams[0]?.close();
      await eventually('there is space again', async () => {
        const probe = http.stream('/api/events', own);
        const status = await probe.opened;
        probe.close();
        return status === 200;
      });
      for (const stream of streams) stream.close();
    });
  });

  describe('with many sessions', () => {
    it('ends the stream of the least recently used one', async () => {
      const stream = http.send('/api/events', { headers: await session() });
      await eventually('the other sessions are open', async () => {
        for (let i = 0; i < limits.sessions; i++) await session();
        return true;
      });
      const { status, body } = await stream;
      assert.equal(status, 200);
      assert.match(body, /"type":"end"/);
    });
  });

  it('ends its streams when it closes', async () => {
    const stream = http.send('/api/events', { headers: await session() });
    await eventually('the stream is open', () => http.send('/'));
    await server.close();
    assert.match((await stream).body, /"type":"status"/);
  });
});
