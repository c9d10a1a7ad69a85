import assert from 'node:assert/strict';
import { AmbiguousWriteError, Code, EtcdError, LeaseNotFoundError } from '#src/errors/index.js';
import { secretOf } from '../../support/canary.js';
import { useScriptedServer } from '../../support/scripted-server.js';
import { useClients } from '../client/support.js';

describe('an idempotent write whose first answer was lost', () => {
  /** What the server says to each put, one after the other. */
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

  async function fate(): Promise<EtcdError> {
    const client = connect([server().endpoint], { timeoutMs: 2_000 });
    const error = await client.kv.put('k', 'v', { lease: 7n, idempotent: true }).then(
      () => assert.fail('it was answered'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof EtcdError);
    return error;
  }

  it('is not called "surely not applied" for what a later try was told', async () => {
    answers.push(lost, [Code.NOT_FOUND, 'etcdserver: requested lease not found']);
    const error = await fate();
    assert.ok(error instanceof LeaseNotFoundError);
    assert.equal(error.verdict, 'maybe-applied');
  });

  it('is told its plain fate where no answer was lost', async () => {
    answers.push([Code.NOT_FOUND, 'etcdserver: requested lease not found']);
    assert.equal((await fate()).verdict, 'final');
  });

  it('is ambiguous when the token for another try cannot be had', async () => {
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

  /** Gives one token, and no other. */
  function tokens(): () => string {
    let given = 0;
    return () => {
      if (given++ > 0) throw new Error('no more');
      return secretOf('one token');
    };
  }
});
