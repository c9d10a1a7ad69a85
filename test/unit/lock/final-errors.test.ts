import assert from 'node:assert/strict';
import { Code, errorFromServer, LeaseNotFoundError, RolledBackError } from '#src/errors/index.js';
import { isFinal } from '#src/lock/core/errors.js';

describe('an error of a request of a lock', () => {
  const finalTexts = [
    [Code.PERMISSION_DENIED, 'etcdserver: permission denied'],
    [Code.INVALID_ARGUMENT, 'etcdserver: authentication failed, invalid user ID or password'],
    [Code.UNAUTHENTICATED, 'etcdserver: invalid auth token'],
  ] as const;
  for (const [code, text] of finalTexts)
    it(`ends the wait, because a retry gets the same: ${text}`, () => {
      assert.equal(isFinal(errorFromServer(code, text)), true);
    });

  it('does not end it if etcd is away, or if a read shows whether the key survived', () => {
    const passing = [
      errorFromServer(Code.UNAVAILABLE, 'etcdserver: leader changed'),
      errorFromServer(Code.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'),
      new LeaseNotFoundError('no lease', { code: Code.NOT_FOUND }),
      new RolledBackError(9n, 2n),
    ];
    assert.deepEqual(passing.filter(isFinal), []);
  });
});
