import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { LeaseGrantRequest, LeaseGrantResponse, WatchRequest, WatchResponse } from '#src/gen/etcd/rpc.js';
import { frame, type ScriptedCall, startScriptedServer } from '../../support/scripted-server.js';
import { headersWithoutEnd, listenWith } from './hostile-answers.js';

const MiB = 1024 * 1024;
const limit = 4 * MiB;
/**
 * The largest allowed growth of the memory, in bytes. Without a limit in the client, every flood exceeds it. It is loose,
 * because Node chooses when to collect garbage, and because each of several connections may keep one message of the
 * maximum size twice, in fragments and whole.
 */
const maxGrowthBytes = 160 * MiB;

/** Writes the piece repeatedly, as fast as the peer reads, until `total` bytes are written. */
function pour(call: ScriptedCall, piece: Buffer, total: number): void {
  let left = total;
  const more = () => {
    while (left > 0 && !call.stream.destroyed) {
      left -= piece.length;
      if (!call.stream.write(piece)) return;
    }
    if (!call.stream.destroyed) call.end();
  };
  call.stream.on('drain', more);
  more();
}

const headers = { ':status': 200, 'content-type': 'application/grpc' };
const total = 1_536 * MiB;
const zeros = Buffer.alloc(MiB);

const floods: Readonly<Record<string, (call: ScriptedCall) => void>> = {
  'a message over the receive limit': (call) => {
    call.raw(frame(Buffer.alloc(0), 1_024 * MiB));
    pour(call, zeros, 1_024 * MiB);
  },
  'endless messages just under the limit': (call) => {
    call.raw(Buffer.alloc(0));
    pour(call, frame(Buffer.alloc(limit - 10)), total);
  },
  'a hundred thousand empty messages': (call) => {
    call.raw(Buffer.alloc(0));
    pour(call, frame(Buffer.alloc(0)), 500_000);
  },
  'endless empty messages': (call) => {
    call.raw(Buffer.alloc(0));
    pour(call, Buffer.concat(Array.from({ length: 10_000 }, () => frame(Buffer.alloc(0)))), total);
  },
  'an endless web page': (call) => {
    call.stream.respond({ ':status': 502, 'content-type': 'text/html' });
    pour(call, Buffer.alloc(MiB, '<p>'), total);
  },
  'a compressed message that expands to 256 MiB': (call) => {
    call.stream.respond({ ...headers, 'grpc-encoding': 'gzip' }, { waitForTrailers: true });
    call.stream.write(frame(bomb, bomb.length, 1));
    call.end();
  },
};
/** Created in `before()`, because it takes a second. */
let bomb: Buffer;

/**
 * Workaround (Node 20.20.2; no public issue found for this cause, https://github.com/nodejs/node/issues/35233 has the same
 * failed assertion): Node sometimes aborts when it collects an HTTP/2 session in which a stream received endless headers
 * or headers without `:status`. The assertion is in Node's own memory accounting, fails with any package, and cannot be
 * caught in JavaScript. `docs/errors.md` lists the releases that were tested. The test is skipped after such an abort, on
 * any release. Remove when the oldest supported Node survives it.
 */
const abortOfNode = /Assertion failed: \(current_nghttp2_memory_\) == \(0\)/;
class NodeAborted extends Error {}

async function runClient(endpoint: string) {
  const script = fileURLToPath(new URL('flood-client.js', import.meta.url));
  const child = spawn(process.execPath, [script, endpoint, String(limit)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = setTimeout(() => child.kill('SIGKILL'), 30_000);
  let output = '';
  child.stdout.on('data', (bytes) => {
    output += bytes;
  });
  let errorOutput = '';
  child.stderr.on('data', (bytes) => {
    errorOutput += bytes;
  });
  const [code, signal] = await once(child, 'close');
  clearTimeout(stop);
  if (signal === 'SIGABRT' && abortOfNode.test(errorOutput)) throw new NodeAborted(errorOutput);
  assert.equal(code, 0, output + errorOutput);
  return JSON.parse(output) as {
    readonly calls: readonly string[];
    readonly tookMs: number;
    readonly grewBytes: number;
    readonly failure: readonly string[];
  };
}

/** Runs the client and checks its limits; returns the outcomes of a read and a write. */
async function runWithinLimits(endpoint: string): Promise<readonly string[]> {
  const { calls, tookMs, grewBytes, failure } = await runClient(endpoint);
  assert.deepEqual(failure, []);
  for (const call of calls) assert.match(call, /^\w*Error/);
  assert.ok(tookMs < 5_000, `${tookMs} ms`);
  assert.ok(grewBytes < maxGrowthBytes, `grew by ${Math.round(grewBytes / MiB)} MiB`);
  return calls;
}

/** Grants leases, so that the client has one to renew, and floods every other call. */
function flooding(flood: (call: ScriptedCall) => void): (call: ScriptedCall) => void {
  return (call) => {
    if (call.method !== 'LeaseGrant') {
      call.stream.resume();
      flood(call);
      return;
    }
    call.onMessage((bytes) => {
      const { ID, TTL } = LeaseGrantRequest.decode(bytes);
      call.reply(LeaseGrantResponse.encode(LeaseGrantResponse.fromPartial({ ID, TTL })).finish());
    });
  };
}

describe('a flood from a server', function () {
  this.timeout(60_000);

  before(() => {
    bomb = gzipSync(Buffer.alloc(256 * MiB));
  });

  for (const [what, flood] of Object.entries(floods)) {
    it(`of ${what} fails calls in time with typed errors and keeps memory bounded`, async () => {
      const server = await startScriptedServer(flooding(flood));
      try {
        const [, write] = await runWithinLimits(server.endpoint);
        if (what.includes('over the receive limit'))
          assert.equal(write, 'AmbiguousWriteError ResponseTooLarge');
      } finally {
        await server.close();
      }
    });
  }

  it('of endless headers fails calls in time with typed errors and keeps memory bounded', async function () {
    const peer = await listenWith(headersWithoutEnd);
    try {
      await runWithinLimits(peer.endpoint);
    } catch (error) {
      if (!(error instanceof NodeAborted)) throw error;
      console.error(
        `skipped because Node ${process.version} itself aborted on it: ${error.message.trim().split('\n')[0]}`,
      );
      this.skip();
    } finally {
      await peer.close();
    }
  });

  it('of unread events, from a server that ignores cancels, keeps memory bounded', async () => {
    const server = await startScriptedServer((call) => {
      if (call.method !== 'Watch') {
        call.stream.resume();
        call.end(14, 'etcdserver: no leader');
        return;
      }
      call.onMessage((bytes) => {
        const request = WatchRequest.decode(bytes).requestUnion;
        if (request?.$case !== 'createRequest') return;
        const { watchId } = request.value;
        const say = (response: Parameters<typeof WatchResponse.fromPartial>[0]) =>
          WatchResponse.encode(WatchResponse.fromPartial({ watchId, ...response })).finish();
        call.send(say({ created: true, header: { revision: 1n } }));
        let revision = 1n;
        const more = () => {
          for (let blocked = false; !blocked && revision < 1_500n && !call.stream.destroyed; revision++) {
            const kv = {
              key: Buffer.from('k'),
              value: zeros,
              createRevision: 1n,
              modRevision: revision + 1n,
            };
            const events = say({ header: { revision: revision + 1n }, events: [{ type: 0, kv }] });
            blocked = !call.stream.write(frame(events));
          }
        };
        call.stream.on('drain', more);
        more();
      });
    });
    try {
      await runWithinLimits(server.endpoint);
    } finally {
      await server.close();
    }
  });
});
