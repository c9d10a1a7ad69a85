import assert from 'node:assert/strict';
import { type ActionFlow, beginFlow, type FlowEvent, nextFlow } from '#ui/browser/actions/flow.js';
import { ApiFailure } from '#ui/browser/api/api-failure.js';
import { endpointRow } from './rows.js';

const row = endpointRow();
const preview = { changes: [], warnings: ['its owner lives'] };
const reply = { revision: '9', changed: true };
const previewed: FlowEvent = { type: 'previewed', preview };
const confirmed: FlowEvent = { type: 'confirmed' };

function follow(flow: ActionFlow, ...events: FlowEvent[]): ActionFlow {
  return events.reduce(nextFlow, flow);
}

describe('the steps of an action', () => {
  it('begin with a preview of the version that the user saw', () => {
    assert.deepEqual(beginFlow('drain', row), {
      phase: 'previewing',
      action: 'drain',
      row,
      request: { action: 'drain', key: 'pay/e1', modRevision: '5', weight: undefined },
    });
  });

  it('ask for the weight before', () => {
    const asking = beginFlow('weight', row);
    assert.equal(asking.phase, 'asking');
    const flow = follow(asking, { type: 'asked', weight: 7 });
    assert.ok(flow.phase === 'previewing');
    assert.equal(flow.request.weight, 7);
  });

  it('lead from the confirmation to the result', () => {
    const flow = follow(beginFlow('remove', row), previewed, confirmed, { type: 'done', reply });
    assert.deepEqual(flow, { phase: 'done', action: 'remove', row, reply });
  });

  it('send nothing before a preview, nor twice', () => {
    const previewing = beginFlow('drain', row);
    assert.equal(follow(previewing, confirmed), previewing);
    const sending = follow(previewing, previewed, confirmed);
    assert.equal(follow(sending, confirmed), sending);
    const done = follow(sending, { type: 'done', reply });
    assert.equal(follow(done, confirmed), done);
  });

  it('ignore an answer that arrives too late', () => {
    const done = follow(beginFlow('drain', row), previewed, confirmed, { type: 'done', reply });
    assert.equal(follow(done, previewed), done);
    assert.equal(follow(done, { type: 'failed', failure: new ApiFailure('ambiguous', '') }), done);
  });

  it('distinguish a failed preview, which changes nothing, from a failed action', () => {
    const failed: FlowEvent = {
      type: 'failed',
      failure: new ApiFailure('unavailable', 'etcd did not answer'),
    };
    const previewing = beginFlow('drain', row);
    const [first, second] = [follow(previewing, failed), follow(previewing, previewed, confirmed, failed)];
    assert.ok(first.phase === 'failed' && second.phase === 'failed');
    assert.deepEqual([first.during, second.during], ['preview', 'action']);
  });

  it('begin again with the version that the user looks at after a conflict', () => {
    const current = endpointRow({ modRevision: '8' });
    const failed: FlowEvent = { type: 'failed', failure: new ApiFailure('conflict', 'changed', current) };
    const flow = follow(beginFlow('drain', row), previewed, confirmed, failed, {
      type: 'looked-again',
      row: current,
    });
    assert.ok(flow.phase === 'previewing');
    assert.equal(flow.request.modRevision, '8');
  });
});
