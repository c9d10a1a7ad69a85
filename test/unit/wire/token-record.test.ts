import assert from 'node:assert/strict';
import { ClientDiagnostics, diagnosticsChannels } from '#src/diagnostics/index.js';
import { ClosedError, Code, EtcdError, errorFromServer } from '#src/errors/index.js';
import { TokenSource } from '#src/wire/auth/token.js';
import { TokenRecord } from '#src/wire/auth/token-record.js';
import { usePublished } from '../../support/published.js';
import { FakeClock } from '../lease/fakes.js';

describe('the record of a token source', () => {
  const published = usePublished(diagnosticsChannels.token, 'recorded');
  const types = () => published().map(({ type, cause }) => [type, cause]);

  /** A source whose requests give these tokens, or fail with these errors. */
  function sourceOf(...answers: (string | undefined | EtcdError)[]) {
    const clock = new FakeClock();
    const diagnostics = new ClientDiagnostics({ name: 'recorded' });
    const fetch = async () => {
      const answer = answers.shift();
      if (answer instanceof EtcdError) throw answer;
      return answer;
    };
    const record = new TokenRecord(diagnostics);
    const tokens = new TokenSource(fetch, { clock, random: () => 0, record });
    return { tokens, counters: diagnostics.counters };
  }

  it('has a token that was obtained, and counts it by its cause', async () => {
    const { tokens, counters } = sourceOf('one', 'two');
    await tokens.refresh(0);
    await tokens.refresh(1);
    assert.deepEqual(types(), [
      ['renewed', 'initial'],
      ['renewed', 'refused'],
    ]);
    assert.equal(counters.tokens.initial + counters.tokens.refused, 2);
  });

  it('has unchanged for a provider that returns the refused token again, which does not count as a renewal', async () => {
    const { tokens, counters } = sourceOf('one', 'one');
    await tokens.refresh(0);
    await tokens.refresh(1);
    assert.deepEqual(types().at(-1), ['unchanged', 'refused']);
    assert.equal(counters.tokens.refused, 0);
  });

  it('has not-needed if authentication is disabled in etcd', async () => {
    const { tokens } = sourceOf(undefined);
    await tokens.refresh(0);
    assert.deepEqual(types(), [['not-needed', 'initial']]);
  });

  it('has a failure, but not the end of the client', async () => {
    const refused = errorFromServer(Code.UNAVAILABLE, 'no');
    const { tokens, counters } = sourceOf(refused);
    await assert.rejects(tokens.refresh(0));
    const closing = sourceOf(new ClosedError('the client'));
    await assert.rejects(closing.tokens.refresh(0), ClosedError);
    assert.deepEqual(types(), [['failed', 'initial']]);
    assert.equal(counters.tokenFailures, 1);
    assert.equal(closing.counters.tokenFailures, 0);
  });
});
