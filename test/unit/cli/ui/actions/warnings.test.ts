import assert from 'node:assert/strict';
import type { LeaseState } from '#src/cli/data/leases.js';
import { otherEndpoints, type WarningContext, warningsOf } from '#src/cli/ui/actions/warnings.js';
import type { ActionName } from '#src/cli/ui/protocol/index.js';
import type { JsonValue } from '#src/index.js';
import { endpointRow } from '../../../../support/ui-rows.js';

const alive: LeaseState = { state: 'alive', remainingSeconds: 7, grantedSeconds: 10 };

function textsOf(
  action: ActionName,
  context: Partial<WarningContext> & { readonly weight?: number; readonly metadata?: JsonValue } = {},
): string {
  const { weight, metadata, ...others } = context;
  return warningsOf({
    request: { action, key: 'shop/e1', modRevision: '1', ...(weight === undefined ? {} : { weight }) },
    plan: { change: { type: 'delete' }, endpoint: { addr: 'a:1', ...(metadata ? { metadata } : {}) } },
    lease: alive,
    others: { available: 1, lastResort: 0 },
    canDrain: true,
    isQueueKey: false,
    ...others,
  }).join('\n');
}

describe('warningsOf', () => {
  it('says what an owner does by the state of its lease', () => {
    assert.match(
      textsOf('remove'),
      /7 of 10 s left\): if its owner is running, it will store the record again/,
    );
    assert.match(textsOf('drain'), /7 of 10 s left\): a server .* adopts the change/);
    assert.match(textsOf('remove', { lease: { state: 'none' } }), /no running server is known/);
    assert.match(textsOf('drain', { lease: { state: 'none' } }), /the record stays until it is removed/);
    assert.match(textsOf('weight', { weight: 2, lease: { state: 'gone' } }), /lease has ended/);
    const unknown = textsOf('remove', { lease: { state: 'unknown', reason: 'denied\u202e' } });
    assert.match(unknown, /lease is unknown \(denied\\u202e\)\. If it is alive: if its owner/);
  });

  it('advises a drain only if the format has a place for the mark, which is not there yet', () => {
    assert.match(textsOf('remove'), /drain it instead/);
    assert.doesNotMatch(textsOf('remove', { canDrain: false }), /drain/);
    assert.doesNotMatch(textsOf('remove', { metadata: { status: 'draining' } }), /drain it/);
  });

  it('says who takes the calls of a removed or drained endpoint', () => {
    const last = { available: 0, lastResort: 0 };
    const lastAvailable = { available: 0, lastResort: 2 };
    assert.match(textsOf('remove', { others: last }), /^It is the only endpoint/);
    assert.match(
      textsOf('remove', { others: lastAvailable }),
      /^The other endpoints of the service are draining/,
    );
    assert.doesNotMatch(textsOf('remove'), /endpoints? of the service/);
    assert.match(textsOf('drain', { others: lastAvailable }), /^It is the last endpoint/);
    assert.doesNotMatch(textsOf('drain'), /last endpoint/);
    for (const action of ['drain', 'remove'] as const)
      assert.match(textsOf(action, { others: undefined }), /^It is not known whether/);
  });

  it('explains weights that callers do not take as they are', () => {
    assert.match(
      textsOf('weight', { weight: 0 }),
      /With weight 0 it gets no calls while another endpoint can/,
    );
    assert.match(textsOf('weight', { weight: 1e9 }), /use the weight 10000 instead of 1000000000/);
    assert.match(textsOf('weight', { weight: 1e-9 }), /use the weight 0.001 instead/);
    assert.doesNotMatch(textsOf('weight', { weight: 2 }), /instead|With weight/);
    const draining = { metadata: { status: 'draining' } };
    assert.match(textsOf('weight', { weight: 2, ...draining }), /It is draining: its weight has no effect/);
  });

  it('warns that an undrained server may be shutting down', () => {
    assert.match(textsOf('undrain'), /^A server that shuts down marks its own record/);
  });

  it('warns of a value that is not an endpoint', () => {
    const plan = { change: { type: 'delete' }, endpoint: undefined } as const;
    assert.match(textsOf('remove', { plan }), /^Its value is not an endpoint/);
  });

  it('warns first that the key may be that of a lock or an election', () => {
    for (const action of ['drain', 'undrain', 'weight'] as const)
      assert.match(textsOf(action, { isQueueKey: true }), /^Its key has the form of .* would change\.$/m);
    assert.match(
      textsOf('remove', { isQueueKey: true }),
      /^Its key has the form of .* give up the leadership/,
    );
    assert.doesNotMatch(textsOf('remove'), /election/);
  });

  it('names what the change loses', () => {
    const plan = {
      change: { type: 'put', value: Buffer.alloc(0) },
      endpoint: { addr: 'a:1' },
      lost: ['secret', '\u202e'],
    } as const;
    assert.match(textsOf('drain', { plan }), /loses or changes besides: secret, \\u202e\.$/m);
  });

  it('has one sentence for an action that changes nothing', () => {
    const plan = { change: undefined, endpoint: { addr: 'a:1' } };
    assert.equal(textsOf('drain', { plan }), 'Nothing will change: the endpoint is draining already.');
  });
});

describe('otherEndpoints', () => {
  it('counts the endpoints of the same service, without the record itself and values that are not endpoints', () => {
    const rows = [
      endpointRow(),
      endpointRow({ id: 'e2', key: 'shop/e2' }),
      endpointRow({ id: 'e3', key: 'shop/e3', status: 'draining' }),
      endpointRow({ id: 'e4', key: 'shop/e4', weight: 0 }),
      endpointRow({ id: 'e5', key: 'shop/e5', addr: '', problem: 'x' }),
      endpointRow({ id: 'e6', key: 'shop/e6', status: 'starting' }),
      endpointRow({ service: 'other', id: 'e2', key: 'other/e2' }),
    ];
    assert.deepEqual(otherEndpoints(rows, 'shop', 'shop/e1'), { available: 2, lastResort: 2 });
    assert.equal(otherEndpoints(undefined, 'shop', 'shop/e1'), undefined);
  });
});
