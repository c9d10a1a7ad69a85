import assert from 'node:assert/strict';
import { ClientDiagnostics, memberTopic } from '#src/diagnostics/index.js';
import { Code, errorFromServer } from '#src/errors/index.js';
import { TracedCall } from '#src/wire/call/traced-call.js';

describe('a traced call with more than a hundred attempts', () => {
  it('keeps the first and the last fifty, with their numbers', () => {
    const call = new TracedCall(new ClientDiagnostics({ name: 'bounded' }), '/etcdserverpb.KV/Put', {});
    const error = errorFromServer(Code.UNAVAILABLE, 'no');
    for (let i = 0; i < 250; i++) call.attemptUnsent('a:1', error);
    const numbers = call.attempts.map(({ number }) => number);
    assert.deepEqual(
      [numbers.length, numbers[0], numbers[49], numbers[50], numbers.at(-1)],
      [100, 1, 50, 201, 250],
    );
  });
});

describe('the text of an event', () => {
  it('is cut after 1,000 characters', () => {
    const { text } = memberTopic.describe({ type: 'recovered', endpoint: 'x'.repeat(5_000) });
    assert.equal(text.length, 1_001);
    assert.ok(text.endsWith('…'));
  });
});
