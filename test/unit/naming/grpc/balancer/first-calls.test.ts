import assert from 'node:assert/strict';
import { eventually } from '../../../../support/eventually.js';
import { PolicyScene, turn } from './policy-scene.js';

const long = { firstCallWaitMs: 60_000 };

describe('the first calls of a channel', () => {
  let scene: PolicyScene;

  beforeEach(() => {
    scene = new PolicyScene();
  });

  afterEach(() => scene.policy.destroy());

  it('wait for the endpoints that were drawn for them, by weight', async () => {
    scene.list({ a: {}, b: {} }, long);
    scene.ready('a');
    assert.deepEqual(scene.shares(10), { a: 5, queued: 5 });
    scene.ready('b');
    await turn();
    assert.deepEqual(scene.states, ['CONNECTING', 'READY', 'READY']);
    assert.deepEqual(scene.shares(5), { b: 5 });
    assert.deepEqual(scene.shares(10), { a: 5, b: 5 });
  });

  it('wait half a second by default', async () => {
    const since = performance.now();
    scene.list({ a: {}, b: {} });
    scene.ready('a');
    assert.deepEqual(scene.shares(10), { a: 5, queued: 5 });
    await eventually('calls are picked again', () => scene.updates.length > 2);
    assert.ok(performance.now() - since >= 500);
  });

  it('wait for nothing with a wait of 0', async () => {
    scene.list({ a: {}, b: {} }, { firstCallWaitMs: 0 });
    scene.ready('a');
    assert.deepEqual(scene.shares(10), { a: 10 });
    scene.ready('b');
    await turn();
    assert.deepEqual(scene.states, ['CONNECTING', 'READY']);
  });

  it('use any endpoint that is ready when the wait is over, and no earlier', async () => {
    const since = performance.now();
    scene.list({ a: {}, b: {} }, { firstCallWaitMs: 200 });
    scene.ready('a');
    assert.deepEqual(scene.shares(10), { a: 5, queued: 5 });
    await eventually('calls are picked again', () => scene.updates.length > 2, 3_000);
    assert.ok(performance.now() - since >= 200);
    assert.deepEqual(scene.shares(10), { a: 10 });
  });

  it('use an endpoint of a lesser tier when the wait is over', async () => {
    const options = { firstCallWaitMs: 100, zone: 'x' };
    scene.list({ near: { zone: 'x' }, far: { zone: 'y' } }, options);
    scene.ready('far');
    assert.deepEqual([scene.states, scene.pick()], [['CONNECTING'], 'queued']);
    await eventually('the channel is ready', () => scene.last.state === 'READY', 3_000);
    assert.equal(scene.pick(), 'far');
  });

  it('are picked again once for all endpoints that become ready together', async () => {
    scene.list({ a: {}, b: {}, c: {} }, long);
    scene.ready('a');
    scene.shares(9);
    scene.ready('b', 'c');
    await turn();
    assert.deepEqual(scene.states, ['CONNECTING', 'READY', 'READY']);
    assert.deepEqual(scene.shares(6), { b: 3, c: 3 });
  });

  it('are picked again each time that an endpoint becomes ready', async () => {
    scene.list({ a: {}, b: {}, c: {} }, long);
    scene.ready('a');
    scene.shares(9);
    for (const name of ['b', 'c']) {
      scene.ready(name);
      await turn();
    }
    assert.deepEqual(scene.states, ['CONNECTING', 'READY', 'READY', 'READY']);
  });

  it('keep waiting when the endpoint that became ready is lost before they are picked again', async () => {
    scene.list({ a: {}, b: {} }, long);
    scene.ready('a');
    scene.shares(10);
    scene.ready('b');
    scene.closes('a');
    scene.closes('b');
    assert.equal(scene.last.state, 'CONNECTING');
    await turn();
    assert.equal(scene.last.state, 'CONNECTING');
  });

  it('are not picked again when no call waits', async () => {
    scene.list({ a: {}, b: {} }, long);
    scene.ready('a', 'b');
    await turn();
    assert.deepEqual(scene.states, ['CONNECTING', 'READY']);
  });

  it('that keep waiting for a connecting endpoint do not hold back new ones', async () => {
    scene.list({ a: {}, b: {}, c: {} }, long);
    scene.ready('a');
    scene.shares(30);
    scene.ready('b');
    await turn();
    assert.deepEqual(scene.shares(20), { b: 10, queued: 10 });
    const { a = 0, b = 0, queued = 0 } = scene.shares(30);
    assert.deepEqual([a, b, queued], [10, 10, 10]);
  });

  it('move to another endpoint when theirs is removed before they are picked again', async () => {
    scene.list({ a: {}, b: {} }, long);
    scene.ready('a');
    scene.shares(10);
    scene.ready('b');
    await turn();
    const { picker } = scene.last;
    scene.list({ a: {} }, long);
    assert.deepEqual(scene.shares(5, picker), { a: 5 });
  });

  it('fail when every endpoint fails', () => {
    scene.list({ a: {} }, long);
    scene.fails('a', 'refused');
    assert.equal(scene.last.state, 'TRANSIENT_FAILURE');
  });

  it('wait again after the only ready endpoint was lost while another connects', async () => {
    scene.list({ a: {}, b: {} }, { firstCallWaitMs: 100 });
    scene.ready('a');
    await eventually('the wait is over', () => scene.shares(4)['a'] === 4, 3_000);
    scene.closes('a');
    assert.equal(scene.last.state, 'CONNECTING');
    await eventually('a is dialled again', () => scene.subchannels.length === 3);
    scene.ready('a');
    assert.deepEqual(scene.shares(10), { a: 5, queued: 5 });
  });

  it('do not wait while another endpoint is ready', () => {
    scene.list({ a: {} }, long);
    scene.ready('a');
    scene.list({ a: {}, b: {} }, long);
    assert.deepEqual(scene.shares(10), { a: 10 });
  });

  it('of a channel without endpoints fail at once, and wait when there is one', () => {
    scene.list({}, long);
    assert.equal(scene.pick(), 'no endpoints');
    scene.list({ a: {}, b: {} }, long);
    scene.ready('b');
    assert.deepEqual(scene.shares(10), { b: 5, queued: 5 });
  });
});
