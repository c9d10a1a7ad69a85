import assert from 'node:assert/strict';
import { Claim } from '#src/naming/register/claim.js';
import { mostLeft } from '#src/naming/register/left-leases.js';

describe('a claim', () => {
  const record = (lease: bigint) => ({
    key: Buffer.from('svc/e'),
    value: Buffer.from('{"Addr":"elsewhere:1"}'),
    createRevision: 1n,
    modRevision: 1n,
    version: 1n,
    lease,
  });

  it('knows a record under any lease that may still be kept alive for it, and no stranger’s', () => {
    const claim = new Claim('svc/e', { addr: 'a:1' }, 'wait');
    for (let lease = 1n; lease <= BigInt(mostLeft + 1); lease++) claim.own(lease);
    for (let lease = 1n; lease <= BigInt(mostLeft + 1); lease++)
      assert.equal(claim.mayReplace(record(lease), false), true, `lease ${lease}`);
    assert.equal(claim.mayReplace(record(99n), false), false);
  });
});
