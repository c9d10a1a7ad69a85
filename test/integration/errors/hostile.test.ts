import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { AmbiguousWriteError, EtcdError } from '#src/errors/index.js';
import { LeaseGrantRequest, LeaseGrantResponse, WatchRequest, WatchResponse } from '#src/gen/etcd/rpc.js';
import { type ScriptedCall, startScriptedServer } from '../../support/scripted-server.js';
import { type HostileAnswer, hostileAnswers, hostilePeers, listenWith } from './hostile-answers.js';

const timeoutMs = 1_200;
/** How late a deadline may be on a busy machine. */
const slackMs = 3_000;

/** Grants leases, so that the client has one to renew, and plays the answer to every other call. */
function playing(play: (call: ScriptedCall) => void): (call: ScriptedCall) => void {
  return (call) => {
    if (call.method !== 'LeaseGrant') {
      call.stream.on('data', () => {});
      play(call);
      return;
    }
    call.onMessage((bytes) => {
      const { ID, TTL } = LeaseGrantRequest.decode(bytes);
      call.reply(LeaseGrantResponse.encode(LeaseGrantResponse.fromPartial({ ID, TTL })).finish());
    });
  };
}

interface Outcome {
  readonly error: unknown;
  readonly tookMs: number;
}

async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  const start = performance.now();
  const error = await call.then(
    (value) => new assert.AssertionError({ message: `resolved with ${String(value)}` }),
    (thrown: unknown) => thrown,
  );
  return { error, tookMs: performance.now() - start };
}

/** Checks that the call failed in time with a typed error, and returns the error. */
function assertTypedInTime({ error, tookMs }: Outcome): EtcdError {
  assert.ok(error instanceof EtcdError, String(error));
  assert.equal(typeof error.code, 'number');
  assert.ok(error.message.length > 10 && error.message.length < 10_000, error.message);
  assert.ok(tookMs < timeoutMs + slackMs, `${tookMs} ms`);
  return error;
}

/** Sends a read and a write to a server that gives this answer. */
async function callsTo({ play }: HostileAnswer) {
  const server = await startScriptedServer(playing(play));
  const client = new EtcdClient({ endpoints: [server.endpoint], timeoutMs });
  const [read, write] = await Promise.all([
    outcomeOf(client.kv.get('k')),
    outcomeOf(client.kv.put('k', 'v')),
  ]);
  await client.close();
  await server.close();
  return { read, write, puts: server.calls.filter((method) => method === 'Put').length };
}

/** Fails the suite on errors that would end a user's process; mocha tolerates some of them. Registers mocha hooks. */
function failOnUncaughtErrors(): void {
  const loose: unknown[] = [];
  const note = (error: unknown) => loose.push(error);
  before('record uncaught errors', () => {
    process.prependListener('unhandledRejection', note);
    process.prependListener('uncaughtException', note);
  });
  after('expect no uncaught errors', () => {
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
    assert.deepEqual(loose, []);
  });
}

describe('a server that answers', () => {
  failOnUncaughtErrors();
  const all = new Map<string, ReturnType<typeof callsTo>>();

  before('start all concurrently, because most take as long as the deadline', () => {
    for (const [what, answer] of Object.entries(hostileAnswers)) all.set(what, callsTo(answer));
  });

  for (const [what, { refuses = false, answers = false }] of Object.entries(hostileAnswers)) {
    it(`${what} fails a read and a write in time with typed errors; the write is sent once${refuses ? ' or more, because it was refused' : ''}`, async () => {
      const { read, write, puts } = await all.get(what)!;
      assertTypedInTime(read);
      const error = assertTypedInTime(write);
      if (refuses) return;
      assert.ok(puts <= 1, `${puts} puts`);
      // A refusal is final. After any other answer the client cannot know whether the write was applied.
      assert.equal(error.verdict, answers ? 'final' : 'maybe-applied', String(error));
      if (!answers && !error.message.includes('no header')) assert.ok(error instanceof AmbiguousWriteError);
    });
  }

  it('any of these ends a watch only with a typed error and does not delay its end', async () => {
    const one = async ([what, { play }]: [string, (typeof hostileAnswers)[string]]) => {
      const server = await startScriptedServer(playing(play));
      const client = new EtcdClient({ endpoints: [server.endpoint], timeoutMs });
      const abort = new AbortController();
      const watcher = client.watch('k', { startRevision: 1n, signal: abort.signal });
      const reason = new Error('enough');
      const ended = outcomeOf(watcher[Symbol.asyncIterator]().next());
      watcher.ready.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, timeoutMs)); // time for the server to answer
      abort.abort(reason);
      const { error } = await ended;
      assert.ok(error === reason || error instanceof EtcdError, `${what}: ${error}`);
      await client.close();
      await server.close();
    };
    await Promise.all(Object.entries(hostileAnswers).map(one));
  });

  it('any of these to renewals does not delay the report that the lease is lost', async () => {
    const one = async ([what, { play }]: [string, (typeof hostileAnswers)[string]]) => {
      const server = await startScriptedServer(playing(play));
      const client = new EtcdClient({ endpoints: [server.endpoint], timeoutMs });
      const start = performance.now();
      const lease = await client.lease.hold({ ttlSeconds: 2 });
      const { reason } = await lease.ended;
      // grpc-js maps a reset with INADEQUATE_SECURITY to PERMISSION_DENIED.
      const reasons = ['lost-contact', 'expired', ...(/INADEQUATE/.test(what) ? ['unauthorized'] : [])];
      assert.ok(reasons.includes(reason), `${what}: ${reason}`);
      assert.equal(lease.held, false);
      assert.ok(performance.now() - start < 2_000 + slackMs, what);
      await client.close();
      await server.close();
    };
    await Promise.all(Object.entries(hostileAnswers).map(one));
  });
});

describe('a peer that sends', () => {
  failOnUncaughtErrors();

  for (const [what, speak] of Object.entries(hostilePeers)) {
    it(`${what} fails a read and a write in time with typed errors and does not delay the end of a watch`, async () => {
      const peer = await listenWith(speak);
      const client = new EtcdClient({ endpoints: [peer.endpoint], timeoutMs });
      try {
        const abort = new AbortController();
        const watcher = client.watch('k', { startRevision: 1n, signal: abort.signal });
        const ended = outcomeOf(watcher[Symbol.asyncIterator]().next());
        watcher.ready.catch(() => {});
        for (const outcome of await Promise.all([
          outcomeOf(client.kv.get('k')),
          outcomeOf(client.kv.put('k', 'v')),
        ])) {
          assertTypedInTime(outcome);
        }
        const reason = new Error('enough');
        abort.abort(reason);
        assert.equal((await ended).error, reason);
      } finally {
        await client.close();
        await peer.close();
      }
    });
  }
});

describe('a server that cancels a watch with a reason', () => {
  failOnUncaughtErrors();
  const decorated = 'rpc error: code = constructor desc = ';

  for (const [what, reason] of Object.entries({
    'of 270 kB of decorations': decorated.repeat(7_500),
    'of 1.3 MB of decorations': decorated.repeat(36_000),
    'of 1.3 MB without a space': 'A'.repeat(1_300_000),
  })) {
    it(`${what} ends only that watch, with a typed error whose text is bounded`, async () => {
      const server = await startScriptedServer((call) =>
        call.onMessage((bytes) => {
          const request = WatchRequest.decode(bytes).requestUnion;
          if (request?.$case !== 'createRequest') return;
          const header = { clusterId: 1n, memberId: 2n, revision: 5n, raftTerm: 2n };
          const { watchId } = request.value;
          const send = (reply: Parameters<typeof WatchResponse.fromPartial>[0]) =>
            call.send(
              WatchResponse.encode(WatchResponse.fromPartial({ header, watchId, ...reply })).finish(),
            );
          send({ created: true });
          send({ canceled: true, cancelReason: reason });
        }),
      );
      const client = new EtcdClient({ endpoints: [server.endpoint], timeoutMs });
      try {
        const watcher = client.watch('k', { startRevision: 1n });
        const error = assertTypedInTime(await outcomeOf(watcher[Symbol.asyncIterator]().next()));
        assert.ok((error.serverText?.length ?? 0) <= 4_097);
        assert.equal((await watcher.closed).error, error);
      } finally {
        await client.close();
        await server.close();
      }
    });
  }
});
