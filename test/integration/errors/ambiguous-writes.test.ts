import assert from 'node:assert/strict';
import {
  AmbiguousWriteError,
  ClosedError,
  Code,
  EtcdError,
  LeaseNotFoundError,
  PermissionDeniedError,
} from '#src/errors/index.js';
import { secretOf } from '../../support/canary.js';
import { useScriptedServer } from '../../support/scripted-server.js';
import { eventually, useClients } from '../client/support.js';

describe('an idempotent write whose first answer is lost', () => {
  /** The server's answers to puts, in order. */
  const answers: (readonly [code: Code, text: string])[] = [];
  const server = useScriptedServer((call) => {
    const [code, text] = (call.method === 'Put' ? answers.shift() : undefined) ?? [
      Code.INVALID_ARGUMENT,
      'etcdserver: authentication failed, invalid user ID or password',
    ];
    call.end(code, text);
  });
  const { connect } = useClients();

  const lost = [Code.UNAVAILABLE, 'etcdserver: request timed out'] as const;

  async function putError(): Promise<EtcdError> {
    const client = connect([server().endpoint], { timeoutMs: 2_000 });
    const error = await client.kv.put('k', 'v', { lease: 7n, idempotent: true }).then(
      () => assert.fail('it was answered'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof EtcdError);
    return error;
  }

  it('stays maybe-applied if a later attempt gets a final answer', async () => {
    answers.push(lost, [Code.NOT_FOUND, 'etcdserver: requested lease not found']);
    const error = await putError();
    assert.ok(error instanceof LeaseNotFoundError);
    assert.equal(error.verdict, 'maybe-applied');
  });

  it('rejects with the final error if no answer is lost', async () => {
    answers.push([Code.NOT_FOUND, 'etcdserver: requested lease not found']);
    assert.equal((await putError()).verdict, 'final');
  });

  it('is ambiguous if the client gets no token for another attempt', async () => {
    const client = connect([server().endpoint], {
      timeoutMs: 2_000,
      auth: { tokenProvider: tokens() },
    });
    answers.push(lost, [Code.UNAUTHENTICATED, 'etcdserver: invalid auth token']);
    await assert.rejects(client.kv.put('k', 'v', { idempotent: true }), (error) => {
      assert.ok(error instanceof AmbiguousWriteError, String(error));
      assert.equal(error.member, server().endpoint);
      return true;
    });
  });

  /** A provider that returns one token and then throws. */
  function tokens(): () => string {
    let given = 0;
    return () => {
      if (given++ > 0) throw new Error('no more');
      return secretOf('one token');
    };
  }

  it('is maybe-applied if its client closes before the next attempt', async () => {
    const client = connect([server().endpoint], { timeoutMs: 5_000 });
    // Enough lost answers for pauses between the attempts.
    for (let i = 0; i < 40; i++) answers.push(lost);
    const call = client.kv.put('k', 'v', { idempotent: true });
    call.catch(() => {});
    await eventually('the write was attempted', () => answers.length < 38);
    await client.close();
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ClosedError);
      assert.equal(error.verdict, 'maybe-applied');
      return true;
    });
    answers.length = 0;
  });
});

describe('a read whose first answer is lost', () => {
  const answers: (readonly [code: Code, text: string])[] = [];
  const server = useScriptedServer((call) => {
    const next = answers.shift();
    if (next) call.end(...next);
  });
  const { connect } = useClients();

  it('rejects with the error of the next attempt, because a read changes nothing', async () => {
    const client = connect([server().endpoint], { timeoutMs: 2_000 });
    answers.push(
      [Code.UNAVAILABLE, 'etcdserver: request timed out'],
      [Code.PERMISSION_DENIED, 'etcdserver: permission denied'],
    );
    await assert.rejects(client.kv.get('k'), (error) => {
      assert.ok(error instanceof PermissionDeniedError);
      assert.equal(error.verdict, 'final');
      return true;
    });
  });

  it('rejects with the EtcdError it is aborted with, and marks no member unhealthy', async () => {
    const client = connect([server().endpoint], { timeoutMs: 5_000 });
    const events: string[] = [];
    const listening = (async () => {
      for await (const { type } of client.status()) events.push(type);
    })();
    const abort = new AbortController();
    const reason = new EtcdError('a sibling failed', { code: Code.UNAVAILABLE, verdict: 'maybe-applied' });
    const call = client.kv.put('k', 'v', { signal: abort.signal });
    call.catch(() => {});
    await eventually('the write was sent', () => server().calls.includes('Put'));
    abort.abort(reason);
    await assert.rejects(call, (error) => error === reason);
    await client.close();
    await listening;
    assert.deepEqual(events, []);
  });
});

describe('a lease grant with an id that is in use', () => {
  let granted = 0;
  const server = useScriptedServer((call) => {
    if (call.method !== 'LeaseGrant') call.reply(Buffer.alloc(0));
    else if (granted++ === 0) call.end(Code.UNAVAILABLE, 'etcdserver: no leader');
    else call.end(Code.FAILED_PRECONDITION, 'etcdserver: lease already exists');
  });
  const { connect } = useClients();

  it('rejects, even if an earlier attempt was certainly not applied', async () => {
    const client = connect([server().endpoint], { timeoutMs: 2_000 });
    await assert.rejects(client.lease.grant({ ttlSeconds: 60, id: 77n }), (error) => {
      assert.ok(error instanceof EtcdError);
      assert.equal(error.reason, 'LeaseExist');
      return true;
    });
    assert.equal(granted, 2);
  });
});
