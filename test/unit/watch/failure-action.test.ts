import assert from 'node:assert/strict';
import { Code, errorFor, errorFromServer } from '#src/errors/index.js';
import { streamFailureAction } from '#src/watch/core/decisions/failure-action.js';

describe('the end of a watch stream', () => {
  for (const text of [
    'Received message larger than max (600000000 vs 536870912)',
    'Received message that decompresses to a size larger than 536870912',
    'grpc: received message larger than max (2098200 vs. 2097152)',
  ]) {
    it(`with '${text}' is treated as an oversized message`, () => {
      const action = streamFailureAction(errorFromServer(Code.RESOURCE_EXHAUSTED, text));
      assert.equal(action, text.startsWith('grpc:') ? 'oversized-request' : 'oversized-response');
    });
  }

  it('with any other RESOURCE_EXHAUSTED is resumed', () => {
    assert.equal(streamFailureAction(errorFromServer(Code.RESOURCE_EXHAUSTED, 'too_many_pings')), 'resume');
    assert.equal(streamFailureAction(errorFor('RequestTooManyRequests')), 'resume');
  });

  it('requests a new token, unless the user is refused', () => {
    for (const reason of ['InvalidAuthToken', 'AuthOldRevision', 'UserEmpty'] as const)
      assert.equal(streamFailureAction(errorFor(reason)), 'reauthenticate', reason);
    for (const reason of ['AuthFailed', 'NoPasswordUser', 'VerifyOnly'] as const)
      assert.equal(streamFailureAction(errorFor(reason)), 'end', reason);
  });
});
