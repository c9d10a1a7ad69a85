import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { limits } from '#src/cli/ui/server/limits.js';
import { eventually } from '../../../support/eventually.js';
import { assertAnswered, assertRefused } from './answer-checks.js';
import { action, PageServerFixture } from './page-server-fixture.js';
import { headOf } from './raw-http.js';

const json = { 'content-type': 'application/json' };

describe('the server of the page', () => {
  const page = new PageServerFixture();

  describe('for a client that is slow', () => {
    it('closes the connection when headers, or a body, do not arrive, and reports nothing', async () => {
      const { authorization } = await page.session();
      const head = [
        `Host: ${page.http.host}`,
        `Authorization: ${authorization}`,
        'Content-Type: application/json',
      ];
      const [headers, body] = await Promise.all([
        page.http.bytes('GET / HTTP/1.1\r\nHost: '),
        page.http.bytes(headOf('POST /api/action HTTP/1.1', ...head, 'Content-Length: 10'), '{'),
      ]);
      assertAnswered(headers, 408);
      assert.deepEqual([body, page.performed, page.unexpected], ['', 0, []]);
    });
  });

  describe('for a client that aborts its request', () => {
    it('reports nothing', async () => {
      const start = [
        'POST /api/session HTTP/1.1',
        `Host: ${page.http.host}`,
        'Content-Type: application/json',
      ];
      for (const framing of ['Content-Length: 10', 'Transfer-Encoding: chunked'])
        for (const abort of ['destroy', 'resetAndDestroy', 'end'] as const) {
          const socket = connect(page.http.port, '127.0.0.1', () =>
            socket.write(headOf(...start, framing, 'Expect: 100-continue')),
          );
          await once(socket, 'data');
          socket[abort]();
          await once(socket.resume(), 'close');
        }
      const { authorization } = await page.session();
      page.isSlow = true;
      const stream = page.http.stream('/api/members', { ...json, authorization }, '{}');
      await eventually('the members are being read', () => page.waiting.length === 1);
      stream.close();
      await eventually('the read is aborted', () => page.signals[0]?.aborted);
      assert.deepEqual(page.unexpected, []);
    });
  });

  describe('with many requests at once', () => {
    it('refuses one more, until one ends', async () => {
      page.isSlow = true;
      const own = await page.session();
      const pending = Array.from({ length: limits.requests }, () => page.http.post('/api/members', {}, own));
      await eventually('all are being answered', () => page.waiting.length === limits.requests);
      assertRefused(await page.http.post('/api/timeline', {}, own), 503, 'busy');
      for (const end of page.waiting) end();
      for (const answer of pending) assert.equal((await answer).status, 200);
      assert.equal((await page.http.post('/api/timeline', {}, own)).status, 200);
    });

    it('ends the work of a page that goes away, but not an action', async () => {
      page.isSlow = true;
      const headers = { ...(await page.session()), 'content-type': 'application/json' };
      const members = page.http.stream('/api/members', headers, '{}');
      await eventually('the members are being read', () => page.signals.length === 1);
      const performing = page.http.stream('/api/action', headers, JSON.stringify(action));
      await eventually('the action is being performed', () => page.signals.length === 2);
      performing.close();
      await performing.closed;
      members.close();
      await eventually('the read is aborted', () => page.signals[0]?.aborted);
      assert.deepEqual([page.signals[1]?.aborted, page.performed], [false, 1]);
      for (const end of page.waiting) end();
    });
  });

  describe('with many streams', () => {
    it('refuses one more, until one ends', async () => {
      const own = await page.session();
      const streams = Array.from({ length: limits.streams }, () => page.http.stream('/api/events', own));
      for (const stream of streams) await stream.opened;
      assertRefused(await page.http.send('/api/events', { headers: own }), 503, 'busy');
      streams[0]?.close();
      await eventually('there is space again', async () => {
        const probe = page.http.stream('/api/events', own);
        const status = await probe.opened;
        probe.close();
        return status === 200;
      });
      for (const stream of streams) stream.close();
    });
  });

  describe('with many sessions', () => {
    it('ends the stream of the least recently used one', async () => {
      const stream = page.http.send('/api/events', { headers: await page.session() });
      await eventually('the other sessions are open', async () => {
        for (let i = 0; i < limits.sessions; i++) await page.session();
        return true;
      });
      const { status, body } = await stream;
      assert.equal(status, 200);
      assert.match(body, /"type":"end"/);
    });
  });

  it('ends its streams when it closes', async () => {
    const stream = page.http.send('/api/events', { headers: await page.session() });
    await eventually('the stream is open', () => page.http.send('/'));
    await page.server.close();
    assert.match((await stream).body, /"type":"status"/);
  });
});
