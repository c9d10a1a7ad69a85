import assert from 'node:assert/strict';
import http2, { type ClientHttp2Stream } from 'node:http2';
import { AmbiguousWriteError, DeadlineError } from '#src/errors/index.js';
import { eventually } from '../../support/eventually.js';
import { type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';
import { useClients } from './support.js';

/**
 * Makes streams emit the body of an answer before its headers, as Node does when it reads both within another callback.
 * Returns how to end that.
 */
function delayHeaders(): () => void {
  const { connect } = http2;
  http2.connect = ((...args: Parameters<typeof connect>) => {
    const session = connect(...args);
    const { request } = session;
    session.request = (...of) => delayHeadersOf(request.apply(session, of));
    return session;
  }) as typeof connect;
  return () => {
    http2.connect = connect;
  };
}

function delayHeadersOf(stream: ClientHttp2Stream): ClientHttp2Stream {
  const emit = stream.emit.bind(stream) as (...args: unknown[]) => boolean;
  let headers: unknown[] | undefined;
  stream.emit = ((...event: unknown[]) => {
    if (event[0] === 'response') {
      headers = event;
      return true;
    }
    const result = emit(...event);
    if (event[0] === 'data' && headers) emit(...headers);
    return result;
  }) as typeof stream.emit;
  return stream;
}

describe('a gateway’s page whose body is emitted before its headers', () => {
  const { connect } = useClients();
  let gateway: ScriptedServer;
  let restore: () => void;

  before(async () => {
    gateway = await startScriptedServer(({ stream }) => {
      stream.resume();
      stream.respond({ ':status': 503, 'content-type': 'text/html' });
      stream.end('<html><body><h1>503 Service Unavailable</h1></body></html>');
    });
    restore = delayHeaders();
  });
  after(() => {
    restore();
    return gateway.close();
  });

  it('is reported with its HTTP status', async () => {
    const client = connect([gateway.endpoint]);
    await assert.rejects(client.kv.put('k', 'v'), (error: Error) => {
      assert.ok(error instanceof AmbiguousWriteError, String(error));
      return error.message.includes('a gateway answered with HTTP status 503');
    });
  });

  it('lets reads try again until their deadline', async () => {
    await assert.rejects(connect([gateway.endpoint]).kv.get('k', { timeoutMs: 500 }), DeadlineError);
  });

  it('does not end a watch', async () => {
    const watcher = connect([gateway.endpoint]).watch('k', { startRevision: 1n });
    let end: unknown;
    void watcher.closed.then((reason) => {
      end = reason;
    });
    gateway.clearCalls();
    await eventually(
      'the watch was tried again, several times',
      () => gateway.calls.length >= 4 || end !== undefined,
    );
    assert.equal(end, undefined);
    await watcher.close();
  });
});
