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

  const own = Buffer.from('{"Op":0,"Addr":"a:1","Metadata":null}');

  it('may replace its own bytes without a lease at any time, and no others', () => {
    const claim = new Claim('svc/e', { addr: 'a:1' }, 'wait');
    assert.equal(claim.mayReplace({ ...record(0n), value: own }, false), true);
    assert.equal(claim.mayReplace(record(0n), false), false);
    assert.equal(claim.mayReplace({ ...record(7n), value: own }, false), false);
  });

  it('judges a state of its key by the lease, the bytes and the revision', () => {
    const claim = new Claim('svc/e', { addr: 'a:1' }, 'wait');
    const judge = (revision: bigint, kv?: ReturnType<typeof record>) =>
      claim.judge({ kv, revision }, 5n, 10n);
    const at = (modRevision: bigint, lease: bigint, value = own) => ({
      ...record(lease),
      modRevision,
      value,
    });
    assert.equal(judge(9n), 'known', 'older than the write');
    assert.equal(judge(10n, at(10n, 5n)), 'known');
    assert.equal(judge(12n, at(10n, 5n)), 'known');
    assert.equal(judge(12n), 'gone');
    assert.equal(judge(12n, at(12n, 5n, Buffer.from('x'))), 'ours');
    assert.equal(judge(12n, at(8n, 5n)), 'ours', 'of a store that was restored');
    assert.equal(judge(12n, at(12n, 0n)), 'orphan');
    assert.equal(judge(12n, at(12n, 0n, Buffer.from('x'))), 'replaced');
    assert.equal(judge(12n, at(12n, 6n)), 'replaced');
  });

  it('adopts metadata and never an address', () => {
    const claim = new Claim('svc/e', { addr: 'a:1' }, 'wait');
    const written = (value: string) => ({ ...record(5n), value: Buffer.from(value) });
    assert.equal(claim.adopt(written('{"Addr":"b:1"}')), undefined);
    assert.deepEqual(claim.adopt(written('{"Addr":"b:1","Metadata":1}')), { addr: 'a:1', metadata: 1 });
    assert.equal(claim.value.toString(), '{"Op":0,"Addr":"a:1","Metadata":1}');
    assert.equal(claim.adopt(written('garbage')), undefined);
    const deep = `{"Addr":"b:1","Metadata":${'['.repeat(2_000)}${']'.repeat(2_000)}}`;
    assert.equal(claim.adopt(written(deep)), undefined, 'what cannot be written again');
    const spaced = written('{ "Addr": "a:1", "Metadata": 2 }');
    assert.deepEqual(claim.adopt(spaced), { addr: 'a:1', metadata: 2 });
    assert.equal(claim.isStored(spaced), true, 'byte for byte as it was written');
  });
});
