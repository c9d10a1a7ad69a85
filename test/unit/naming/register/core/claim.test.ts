import assert from 'node:assert/strict';
import { recordFormat } from '#src/naming/codec/format-of.js';
import { type Endpoint, type JsonValue, NamingError } from '#src/naming/index.js';
import { Claim } from '#src/naming/register/core/index.js';
import { maxRetired } from '#src/naming/register/core/retired-leases.js';
import { defaultFormat } from '../../../../support/naming/format.js';

describe('a claim', () => {
  const record = (lease: bigint) => ({
    key: Buffer.from('svc/e'),
    value: Buffer.from('{"Addr":"elsewhere:1"}'),
    createRevision: 1n,
    modRevision: 1n,
    version: 1n,
    lease,
  });

  it('owns a record under any of its leases that may still be kept alive, and no other', () => {
    const claim = new Claim('svc/e', { addr: 'a:1' }, 'wait', defaultFormat());
    for (let lease = 1n; lease <= BigInt(maxRetired + 1); lease++) claim.rememberLease(lease);
    for (let lease = 1n; lease <= BigInt(maxRetired + 1); lease++)
      assert.equal(claim.mayReplace(record(lease), false), true, `lease ${lease}`);
    assert.equal(claim.mayReplace(record(99n), false), false);
    claim.rememberLease(98n);
    assert.equal(claim.mayReplace(record(1n), false), true);
    claim.rememberLease(99n);
    assert.equal(claim.mayReplace(record(1n), false), false, 'it was revoked long ago');
    assert.equal(claim.mayReplace(record(2n), false), true);
  });

  const own = Buffer.from('{"Op":0,"Addr":"a:1","Metadata":null}');

  it('may replace its own value without a lease at any time, and no other value', () => {
    const claim = new Claim('svc/e', { addr: 'a:1' }, 'wait', defaultFormat());
    assert.equal(claim.mayReplace({ ...record(0n), value: own }, false), true);
    assert.equal(claim.mayReplace(record(0n), false), false);
    assert.equal(claim.mayReplace({ ...record(7n), value: own }, false), false);
  });

  it('classifies a state of its key by the lease, the value and the revision', () => {
    const claim = new Claim('svc/e', { addr: 'a:1' }, 'wait', defaultFormat());
    const judge = (revision: bigint, kv?: ReturnType<typeof record>) =>
      claim.classify({ kv, revision }, 5n, 10n);
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

  it('adopts what another writer stored in its record, and recognizes the value of a write whose answer was lost', () => {
    const claim = new Claim('svc/e', { addr: 'a:1' }, 'wait', defaultFormat());
    const at = (modRevision: bigint, lease: bigint, metadata: number) => ({
      ...record(lease),
      modRevision,
      value: Buffer.from(`{"Op":0,"Addr":"a:1","Metadata":${metadata}}`),
    });
    claim.rememberLease(5n);
    claim.rememberRevision(10n, 5n);
    assert.equal(claim.isNewerThanKnown(at(11n, 5n, 1)), true);
    assert.equal(claim.isNewerThanKnown(at(10n, 5n, 1)), false, 'known');
    assert.equal(claim.isNewerThanKnown(at(11n, 6n, 1)), false, 'under another lease');
    assert.equal(claim.adopt({ ...at(11n, 5n, 1), value: own }), undefined);
    assert.deepEqual(claim.adopt(at(11n, 5n, 1)), { addr: 'a:1', metadata: 1 });

    claim.desired.change({ metadata: 2 });
    claim.unconfirmed.add(claim.desired.beginWrite(), false, 0);
    claim.desired.change({ metadata: 3 });
    assert.equal(claim.adopt(at(12n, 5n, 2)), undefined, 'its own');
    assert.equal(claim.desired.endpoint.metadata, 3);
  });
});

describe('a desired endpoint', () => {
  const desired = () =>
    new Claim('svc/e', { addr: 'a:1', metadata: { weight: 1 } }, 'wait', defaultFormat()).desired;
  const written = (value: string) => ({
    key: Buffer.from('svc/e'),
    value: Buffer.from(value),
    createRevision: 1n,
    modRevision: 1n,
    version: 1n,
    lease: 5n,
  });

  it('adopts metadata but never an address', () => {
    const one = new Claim('svc/e', { addr: 'a:1' }, 'wait', defaultFormat()).desired;
    assert.equal(one.adopt(written('{"Addr":"b:1"}')), undefined);
    assert.deepEqual(one.adopt(written('{"Addr":"b:1","Metadata":1}')), { addr: 'a:1', metadata: 1 });
    assert.equal(one.value.toString(), '{"Op":0,"Addr":"a:1","Metadata":1}');
    assert.equal(one.adopt(written('garbage')), undefined);
    assert.equal(one.adopt(written(`{"Op":${'['.repeat(7_000)}`)), undefined);
    const spaced = written('{ "Addr": "a:1", "Metadata": 2 }');
    assert.deepEqual(one.adopt(spaced), { addr: 'a:1', metadata: 2 });
    assert.equal(one.value.equals(spaced.value), true, 'byte for byte as it was written');
  });

  it('merges changes in call order, and applies them to a base that is adopted meanwhile', () => {
    const one = desired();
    one.change({ metadata: { weight: 2 } });
    one.beginWrite();
    one.change({ metadata: { weight: 3 } });
    one.change({ addr: 'b:1' });
    one.beginWrite(); // the first write has failed
    assert.deepEqual(one.endpoint, { addr: 'b:1', metadata: { weight: 3 } });
    one.adopt(written('{"Addr":"a:1","Metadata":{"weight":9,"status":"draining"}}'));
    assert.deepEqual(one.endpoint, { addr: 'b:1', metadata: { weight: 3, status: 'draining' } });
    assert.equal(one.hasUnconfirmedChanges, true);
    one.beginWrite();
    one.confirmWrite(true);
    assert.equal(one.hasUnconfirmedChanges, false);
    assert.deepEqual(one.endpoint, { addr: 'b:1', metadata: { weight: 3, status: 'draining' } });
  });

  it('keeps the draining status through every change and every foreign write', () => {
    const one = desired();
    one.startDraining();
    one.change({ metadata: { weight: 2 } });
    assert.deepEqual(one.endpoint.metadata, { weight: 2, status: 'draining' });
    one.change({ metadata: { weight: 2, status: 'up' } });
    assert.deepEqual(one.endpoint.metadata, { weight: 2, status: 'draining' });
    one.beginWrite();
    one.confirmWrite(true);
    one.adopt(written('{"Addr":"a:1","Metadata":{"weight":9}}'));
    assert.deepEqual(one.endpoint.metadata, { weight: 9, status: 'draining' });
    one.adopt(written('{"Addr":"a:1","Metadata":[1]}'));
    assert.match(one.value.toString(), /"Metadata":\{"status":"draining"\}/);
  });

  it('keeps another writer’s metadata at the maximum depth of Go', () => {
    const one = desired();
    const deep = `{"a":${'['.repeat(9_998)}${']'.repeat(9_998)}}`;
    assert.ok(one.adopt(written(`{"Addr":"a:1","Metadata":${deep}}`)));
    one.startDraining();
    assert.equal(
      one.value.toString(),
      `{"Op":0,"Addr":"a:1","Metadata":${deep.slice(0, -1)},"status":"draining"}}`,
    );
  });

  it('writes another writer’s integers unchanged, including those beyond 2^53', () => {
    const one = desired();
    one.adopt(written('{"Addr":"a:1","Metadata":{"id":9007199254740993,"list":[18446744073709551615]}}'));
    assert.deepEqual(one.endpoint.metadata, { id: 2 ** 53, list: [2 ** 64] }, 'as Go reads them');
    one.startDraining();
    const stored = '"Metadata":{"id":9007199254740993,"list":[18446744073709551615],"status":"draining"}';
    assert.ok(one.value.toString().includes(stored), one.value.toString());
  });

  it('prefers the owner’s later status to an operator’s, even if a still later change has none', () => {
    const one = desired();
    one.adopt(written('{"Addr":"a:1","Metadata":{"weight":1,"status":"draining"}}'));
    one.change({ metadata: { status: 'up' } });
    one.change({ metadata: { weight: 2 } });
    assert.deepEqual(one.endpoint.metadata, { weight: 2 });
  });

  it('discards only the change that can never be stored, and copies each change when it is made', () => {
    const one = desired();
    const metadata = { weight: 2 };
    one.change({ metadata });
    metadata.weight = 3;
    assert.deepEqual(one.endpoint.metadata, { weight: 2 });
    const refused = one.change({ metadata: { weight: 4 } });
    one.change({ addr: 'b:1' });
    one.beginWrite();
    assert.equal(one.rejectWrite()?.last, refused);
    assert.deepEqual(one.endpoint, { addr: 'b:1', metadata: { weight: 2 } });
    one.beginWrite();
    one.confirmWrite(true);
    assert.equal(one.hasUnconfirmedChanges, false);
    for (const addr of ['', undefined, null, 5])
      assert.throws(() => one.change({ addr } as never), /no addr/);
    assert.throws(() => one.change({ metadata: Number.NaN }), /NamingError|number/);
    assert.equal(one.hasUnconfirmedChanges, false);
    assert.equal(one.change({ metadata: 5 }), refused + 2, 'the invalid changes have no number');
    assert.deepEqual(one.endpoint, { addr: 'b:1', metadata: 5 });
  });

  it('shows no draining status if its codec does not store it beside the metadata', () => {
    const format = recordFormat('svc', {
      name: 'pairs',
      keyPrefix: () => 'svc/',
      decode({ value }) {
        const metadata = JSON.parse(value.toString()) as Record<string, JsonValue>;
        return Object.keys(metadata).length === 0 ? { addr: 'a:1' } : { addr: 'a:1', metadata };
      },
      encode: ({ metadata }) => {
        if (Object.keys(metadata ?? {}).length > 1) throw new NamingError('there is place for one member');
        return JSON.stringify(metadata ?? {});
      },
    });
    const desiredOf = (endpoint: Endpoint) => new Claim('svc/e', endpoint, 'wait', format).desired;
    const empty = desiredOf({ addr: 'a:1' });
    empty.startDraining();
    assert.deepEqual([empty.showsDraining, empty.value.toString()], [true, '{"status":"draining"}']);
    assert.throws(() => empty.change({ metadata: { zone: 'b' } }), NamingError);
    const full = desiredOf({ addr: 'a:1' });
    full.change({ metadata: { zone: 'a' } });
    full.startDraining();
    assert.deepEqual([full.showsDraining, full.isDraining], [false, true]);
    full.beginWrite();
    full.confirmWrite(true);
    assert.equal(full.value.toString(), '{"zone":"a"}');
  });
});
