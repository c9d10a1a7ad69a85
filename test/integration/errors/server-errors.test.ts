import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { AmbiguousWriteError, Code, EtcdError } from '#src/errors/index.js';
import {
  AuthenticateResponse,
  PutResponse,
  RangeResponse,
  WatchRequest,
  WatchResponse,
} from '#src/gen/etcd/rpc.js';
import { secretOf } from '../../support/canary.js';
import { classOf, goCode, rpctypes, verdictOf } from '../../support/rpctypes.js';
import { type ScriptedCall, useScriptedServer } from '../../support/scripted-server.js';
import { eventually, useClients } from '../client/support.js';

type Answer = Parameters<typeof WatchResponse.fromPartial>[0];

const auth = { username: 'user', password: secretOf('scripted') };
const header = { clusterId: 1n, memberId: 2n, revision: 10n, raftTerm: 3n };
const good: Readonly<Record<string, Uint8Array>> = {
  Range: RangeResponse.encode(RangeResponse.fromPartial({ header })).finish(),
  Put: PutResponse.encode(PutResponse.fromPartial({ header })).finish(),
  Authenticate: AuthenticateResponse.encode(
    AuthenticateResponse.fromPartial({ header, token: secretOf('scripted token') }),
  ).finish(),
};

/** Refusals of a missing or invalid token, which a client with credentials resolves automatically. */
const wantsToken = new Set(['InvalidAuthToken', 'AuthOldRevision', 'UserEmpty']);
/** A watch that is refused or cancelled with one of these is retried; with any other it ends. */
const watchGoesOn = new Set([
  'LeaderChanged',
  'NoLeader',
  'NotCapable',
  'NotSupportedForLearner',
  'Stopped',
  'Timeout',
  'TimeoutDueToConnectionLost',
  'TimeoutDueToLeaderFail',
  'TimeoutWaitAppliedIndex',
  'RequestTooManyRequests',
  'Unhealthy',
]);

function check(error: unknown, name: string, code: Code, text: string): void {
  assert.ok(error instanceof EtcdError, String(error));
  assert.equal(error.name, classOf[name] ?? 'EtcdError');
  assert.equal(error.reason, name);
  assert.equal(error.code, code);
  assert.equal(error.serverText, text);
  assert.equal(error.verdict, verdictOf(name));
}

/** The error of a call, or undefined if it resolves. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('an error from a server', () => {
  /** The next call of this method fails with this error; all other calls succeed. */
  let next: { readonly method: string; readonly code: Code; readonly text: string } | undefined;
  const server = useScriptedServer((call) => {
    const refusal = next;
    if (refusal?.method === call.method) {
      next = undefined;
      call.end(refusal.code, refusal.text);
    } else {
      call.reply(good[call.method] ?? Buffer.alloc(0));
    }
  });
  const { connect } = useClients();
  let client: EtcdClient;

  /** Each error with every code that some etcd release sends for it. */
  const variants = rpctypes.flatMap(([name, code, text, otherCode]) =>
    (otherCode === undefined ? [code] : [code, otherCode]).map((sent) => ({ name, code, sent, text })),
  );

  const attempts = () =>
    server().calls.filter((method) => method !== 'Authenticate' && method !== 'Status').length;

  /** Returns the error of the call, if any, and how often the call was sent. */
  async function callWith(method: 'Range' | 'Put', code: Code, text: string) {
    server().clearCalls();
    next = { method, code, text };
    const call = method === 'Range' ? client.kv.get('k') : client.kv.put('k', 'v');
    return { error: await outcome(call), attempts: attempts() };
  }

  describe('sent to a client without credentials', () => {
    beforeEach(() => {
      client = connect([server().endpoint], { timeoutMs: 3_000 });
    });

    it('to a read is typed, and the read is sent again unless the error is final', async () => {
      for (const { name, code, sent, text } of variants) {
        if (name === 'NoSpace') continue; // no read gets this error
        const { error, attempts } = await callWith('Range', sent, text);
        const what = `${name} as ${goCode[sent]}`;
        // A client without credentials cannot get a new token.
        const again = verdictOf(name) !== 'final' && name !== 'InvalidAuthToken';
        assert.equal(attempts, again ? 2 : 1, what);
        if (again) assert.equal(error, undefined, what);
        else check(error, name, code, text);
      }
    });

    it('to a write is typed, and the write is sent again only if it was certainly not applied', async () => {
      for (const { name, code, sent, text } of variants) {
        const { error, attempts } = await callWith('Put', sent, text);
        const what = `${name} as ${goCode[sent]}`;
        const again = verdictOf(name) === 'not-applied' && name !== 'InvalidAuthToken';
        assert.equal(attempts, again ? 2 : 1, what);
        if (again) {
          assert.equal(error, undefined, what);
        } else if (verdictOf(name) === 'maybe-applied') {
          assert.ok(error instanceof AmbiguousWriteError, `${what}: ${error}`);
          assert.equal(error.reason, name);
          assert.equal(error.code, code);
          assert.match(error.operation, /^Put/);
          assert.ok(error.message.includes(server().endpoint), 'the member is named');
          if (name !== 'DeadlineExceeded') check(error.cause, name, code, text);
        } else {
          check(error, name, code, text);
        }
      }
    });

    it('to an idempotent write is handled as for a read', async () => {
      next = { method: 'Put', code: Code.UNAVAILABLE, text: 'etcdserver: request timed out' };
      await client.kv.put('k', 'v', { idempotent: true });
      assert.equal(next, undefined, 'the error was sent');
    });
  });

  describe('sent to a client with credentials', () => {
    beforeEach(async () => {
      client = connect([server().endpoint], {
        timeoutMs: 3_000,
        auth,
      });
      await client.kv.get('k');
    });

    for (const method of ['Range', 'Put'] as const) {
      it(`about the token, and no other error, makes the client fetch a token and send the ${method} again`, async () => {
        for (const { name, sent, text } of variants) {
          if (!['Unauthenticated', 'InvalidArgument', 'PermissionDenied'].includes(goCode[sent])) continue;
          const { error, attempts } = await callWith(method, sent, text);
          const what = `${name}: ${error}`;
          const asked = server().calls.filter((called) => called === 'Authenticate').length;
          assert.equal(asked, wantsToken.has(name) ? 1 : 0, what);
          assert.equal(attempts, wantsToken.has(name) ? 2 : 1, what);
          assert.equal(error === undefined, wantsToken.has(name), what);
        }
      });
    }
  });
});

describe('the reason of a server that cancels a watch', () => {
  /** The number of create requests per key. The first gets `answer`; later ones succeed. */
  const creates = new Map<string, number>();
  let answer: (reason: string) => Answer[] = () => [];

  const server = useScriptedServer((call: ScriptedCall) => {
    if (call.method !== 'Watch') {
      call.reply(good[call.method] ?? Buffer.alloc(0));
      return;
    }
    const say = (response: Answer) =>
      call.send(WatchResponse.encode(WatchResponse.fromPartial({ header, ...response })).finish());
    call.onMessage((bytes) => {
      const request = WatchRequest.decode(bytes).requestUnion;
      if (request?.$case !== 'createRequest') return;
      const { watchId, key } = request.value;
      const reason = Buffer.from(key).toString();
      const count = (creates.get(reason) ?? 0) + 1;
      creates.set(reason, count);
      if (count > 1) say({ watchId, created: true });
      else for (const response of answer(reason)) say({ watchId, ...response });
    });
  });
  const { connect } = useClients();

  const ways: Readonly<Record<string, typeof answer>> = {
    'that it created': (cancelReason) => [{ created: true }, { canceled: true, cancelReason }],
    'that it refuses': (cancelReason) => [{ created: true, canceled: true, cancelReason }],
  };
  const spellings: Readonly<Record<string, (code: Code, text: string) => string>> = {
    bare: (_, text) => text,
    'as Go prints it': (code, text) => `rpc error: code = ${goCode[code]} desc = ${text}`,
  };

  for (const [way, respond] of Object.entries(ways)) {
    for (const [spelling, spell] of Object.entries(spellings)) {
      it(`${way}, ${spelling}, ends the watch with the error of a call, or the watch is retried`, async () => {
        creates.clear();
        answer = respond;
        const client = connect([server().endpoint]);
        const one = async ([name, code, text, otherCode]: (typeof rpctypes)[number]) => {
          // The key is the reason, so the server knows which reason to send to which watch.
          const reason = spell(otherCode ?? code, text);
          const watcher = client.watch(reason, { startRevision: 1n });
          const ended = outcome(watcher[Symbol.asyncIterator]().next());
          watcher.ready.catch(() => {});
          if (watchGoesOn.has(name)) {
            await eventually(`${name} is waited out`, () => (creates.get(reason) ?? 0) > 1);
            await watcher.close();
            assert.equal(await ended, undefined);
          } else {
            const error = await ended;
            if (name !== 'Compacted') check(error, name, code, text);
            else assert.ok(error instanceof EtcdError && error.name === 'CompactedError');
            assert.equal(creates.get(reason), 1, name);
          }
        };
        await Promise.all(rpctypes.map(one));
      });
    }
  }

  it('about the token makes the client fetch a new token', async () => {
    creates.clear();
    answer = (cancelReason) => [{ created: true, canceled: true, watchId: -1n, cancelReason }];
    for (const [name, code, text] of rpctypes) {
      if (!wantsToken.has(name)) continue;
      for (const spell of Object.values(spellings)) {
        const client = connect([server().endpoint], { auth });
        await client.kv.get('k');
        server().clearCalls();
        const reason = spell(code, text);
        await client.watch(reason, { startRevision: 1n }).ready;
        assert.equal(creates.get(reason), 2, reason);
        assert.deepEqual(
          server().calls.filter((method) => method === 'Authenticate'),
          ['Authenticate'],
        );
      }
    }
  });
});
