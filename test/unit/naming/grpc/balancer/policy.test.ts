import assert from 'node:assert/strict';
import { eventually } from '../../../../support/eventually.js';
import { PolicyScene } from './policy-scene.js';

const noWait = { firstCallWaitMs: 0 };

describe('the policy etcd_weighted', () => {
  let scene: PolicyScene;

  beforeEach(() => {
    scene = new PolicyScene();
  });

  afterEach(() => scene.policy.destroy());

  /** A scene in which every listed endpoint is ready. */
  function ready(...[endpoints, options = noWait]: Parameters<PolicyScene['list']>): void {
    scene.list(endpoints, options);
    scene.ready(...Object.keys(endpoints));
    scene.updates.splice(0, scene.updates.length - 1);
  }

  it('queues calls until an endpoint is ready, and then uses each that is, with one picker', () => {
    assert.equal(scene.list({ a: {}, b: {}, c: {} }, noWait), true);
    assert.deepEqual([scene.states, scene.pick()], [['CONNECTING'], 'queued']);
    scene.ready('a');
    assert.equal(scene.pick(), 'a');
    scene.ready('b');
    scene.fails('c', 'refused');
    assert.deepEqual(scene.shares(10), { a: 5, b: 5 });
    assert.deepEqual(scene.states, ['CONNECTING', 'READY']);
  });

  it('gives each connection the options of the channel', () => {
    scene.list({ a: {} }, noWait);
    assert.equal((scene.connection('a').options as { 'grpc.test'?: number })['grpc.test'], 1);
  });

  it('keeps its connections when the list changes, and closes those of removed endpoints', () => {
    ready({ a: {}, b: {} });
    assert.equal(scene.list({ b: {}, c: {} }, noWait), true);
    const refs = Object.fromEntries(scene.subchannels.map((one) => [one.name, one.refs]));
    assert.deepEqual([scene.subchannels.length, refs], [3, { a: 0, b: 1, c: 1 }]);
    assert.deepEqual(scene.shares(5), { b: 5 });
    scene.ready('c');
    assert.deepEqual(scene.shares(10), { b: 5, c: 5 });
    assert.deepEqual(scene.states, ['READY']);
  });

  it('ignores what happens to the connection of a removed endpoint', () => {
    scene.list({ a: {}, b: {} }, noWait);
    scene.list({ b: {} }, noWait);
    scene.ready('a');
    assert.deepEqual([scene.states, scene.reresolutions], [['CONNECTING'], 0]);
  });

  it('fails calls with the reason of the resolver when there are no endpoints, or says so', () => {
    assert.equal(scene.list({}, noWait, 'nothing at revision 7'), false);
    assert.deepEqual([scene.last.state, scene.pick()], ['TRANSIENT_FAILURE', 'nothing at revision 7']);
    assert.equal(scene.list({}, noWait), false);
    assert.deepEqual([scene.pick(), scene.last.error], ['no endpoints', 'no endpoints']);
  });

  it("fails calls with the resolver's error, and only while it has no endpoints", () => {
    assert.equal(scene.resolverFails('etcd is unreachable'), true);
    assert.deepEqual([scene.last.state, scene.pick()], ['TRANSIENT_FAILURE', 'etcd is unreachable']);
    ready({ a: {} });
    assert.equal(scene.resolverFails('etcd is unreachable'), true);
    assert.deepEqual([scene.states, scene.pick()], [['READY'], 'a']);
  });

  it('fails calls with the newest error when no endpoint can be reached, without control characters', () => {
    scene.list({ a: {}, b: {} }, noWait);
    scene.fails('a', 'a refused');
    assert.equal(scene.pick(), 'queued');
    scene.fails('b', 'b\nrefused');
    assert.match(scene.pick(), /^No connection established\. Last error: b\\x0arefused\./);
    assert.equal(scene.last.error, scene.pick());
    scene.fails('a', 'a timed out');
    assert.match(scene.pick(), /a timed out/);
    scene.ready('a');
    assert.equal(scene.pick(), 'a');
  });

  it('keeps the error of a connection when the list is sent again, or becomes shorter', () => {
    scene.list({ a: {} }, noWait);
    scene.fails('a', 'a refused');
    scene.list({ a: {}, b: {} }, noWait, 'a note');
    assert.equal(scene.last.state, 'CONNECTING');
    scene.list({ a: {} }, noWait, 'a note');
    assert.match(scene.pick(), /a refused/);
  });

  it('spreads the calls that wait for the first list over all connections that the process has', () => {
    for (const name of ['a', 'b', 'c']) scene.shared.add(name);
    let first: Record<string, number> | undefined;
    scene.onUpdate = () => {
      first ??= scene.shares(9);
    };
    scene.list({ a: {}, b: {}, c: {} }, noWait);
    assert.deepEqual(first, { a: 3, b: 3, c: 3 });
  });

  it('does not dial a removed endpoint again', async () => {
    scene.list({ a: {}, b: {} }, noWait);
    scene.ready('b');
    scene.list({ b: {} }, noWait);
    const later = new PolicyScene();
    later.list({ a: {}, b: {} }, { firstCallWaitMs: 500 });
    later.ready('a');
    await eventually('grpc-js has ended its timer of the attempt', () => later.shares(4)['a'] === 4);
    later.policy.destroy();
    assert.deepEqual([scene.subchannels.length, scene.last.state], [2, 'READY']);
  });

  it('names the note of the resolver in the error of a connection', () => {
    scene.list({ a: {} }, noWait, 'from memory');
    scene.fails('a', 'refused');
    assert.match(scene.pick(), /Resolution note: from memory/);
  });

  it('reports when the last endpoint is lost, asks for a new list, and connects again', async () => {
    ready({ a: {}, b: {} });
    scene.closes('a');
    assert.equal(scene.reresolutions, 1);
    assert.deepEqual([scene.states, scene.shares(5)], [['READY'], { b: 5 }]);
    scene.closes('b');
    assert.deepEqual([scene.reresolutions, scene.last.state, scene.pick()], [2, 'CONNECTING', 'queued']);
    await eventually('both are dialled again', () => scene.subchannels.length === 4);
    scene.ready('b');
    assert.equal(scene.pick(), 'b');
  });

  it('asks for no new list when a connection is made or cannot be made', () => {
    scene.list({ a: {}, b: {} }, noWait);
    const before = scene.reresolutions;
    scene.ready('a');
    assert.equal(scene.reresolutions, before);
  });

  for (const [what, traits, expected] of [
    ['weight', { weight: 3 }, { a: 750, b: 250 }],
    ['zone', { zone: 'x' }, { a: 1_000 }],
    ['status', { draining: true }, { b: 1_000 }],
  ] as const)
    it(`follows a changed ${what} over the existing connections`, () => {
      const options = { ...noWait, zone: 'x' };
      ready({ a: {}, b: {} }, options);
      scene.list({ a: traits, b: {} }, options);
      const { a = 0, b = 0 } = scene.shares(1_000);
      assert.ok(Math.abs(a - (('a' in expected && expected.a) || 0)) <= 2, JSON.stringify({ a, b }));
      assert.equal(a + b, 1_000);
      assert.equal(scene.subchannels.length, 2);
    });

  it('applies a changed config to the existing connections, and has queued calls picked again', () => {
    ready({ a: { zone: 'x' }, b: { zone: 'y' } });
    scene.list({ a: { zone: 'x' }, b: { zone: 'y' } }, noWait);
    assert.deepEqual(scene.states, ['READY']);
    scene.list({ a: { zone: 'x' }, b: { zone: 'y' } }, { ...noWait, zone: 'y' });
    assert.deepEqual([scene.states, scene.shares(10)], [['READY', 'READY'], { b: 10 }]);
    assert.equal(scene.subchannels.length, 2);
  });

  it('does not repeat its state when a changed config finds no endpoint ready', () => {
    scene.list({ a: {} }, noWait);
    scene.list({ a: {} }, { ...noWait, zone: 'y' });
    assert.deepEqual(scene.states, ['CONNECTING']);
  });

  it('connects to the best tier first, from a random endpoint on and then round the list', () => {
    const firsts = new Set<string>();
    const names = ['a', 'b', 'c', 'd'];
    for (let i = 0; i < 200; i++) {
      const { subchannels, policy } = scene;
      scene.list(
        {
          drained: { zone: 'x', draining: true },
          far: { zone: 'y' },
          ...Object.fromEntries(names.map((name) => [name, { zone: 'x' }])),
        },
        { ...noWait, zone: 'x' },
      );
      const order = subchannels.map(({ name }) => name);
      assert.deepEqual(order.slice(4), ['far', 'drained']);
      const start = names.indexOf(order[0]!);
      assert.deepEqual([...order.slice(0, 4)].sort(), names);
      firsts.add(names[start]!);
      policy.destroy();
      scene = new PolicyScene();
    }
    assert.deepEqual([...firsts].sort(), names);
  });

  it('closes every connection when it is destroyed', () => {
    scene.list({ a: {}, b: {} }, noWait);
    scene.ready('a');
    scene.policy.destroy();
    assert.deepEqual(
      scene.subchannels.map(({ refs }) => refs),
      [0, 0],
    );
  });

  describe('with a slow start', () => {
    const options = { ...noWait, slowStartMs: 300_000 };

    it('gives a new endpoint a small share, and those of the first list all of theirs', () => {
      ready({ a: {}, b: {} }, options);
      assert.deepEqual(scene.shares(10), { a: 5, b: 5 });
      scene.list({ a: {}, b: {}, c: {} }, options);
      scene.ready('c');
      scene.shares(100);
      const { c = 0 } = scene.shares(1_000);
      assert.ok(c > 30 && c < 70, `${c} of 1000`);
    });

    it('has none for a new connection of a known endpoint', async () => {
      ready({ a: {}, b: {} }, options);
      scene.closes('b');
      await eventually('it is dialled again', () => scene.subchannels.length === 3);
      scene.ready('b');
      scene.shares(100);
      assert.deepEqual(scene.shares(1_000), { a: 500, b: 500 });
    });

    it('has a second one neither for a new endpoint that was ready before', async () => {
      const short = { ...noWait, slowStartMs: 300 };
      ready({ a: {} }, short);
      scene.list({ a: {}, b: {} }, short);
      scene.ready('b');
      await eventually('the start of b has ended', () => scene.shares(100)['b'] === 50);
      scene.closes('b');
      await eventually('it is dialled again', () => scene.subchannels.length === 3);
      scene.ready('b');
      const { b = 0 } = scene.shares(200);
      assert.ok(b > 90, `${b} of 200`);
    });
  });

  describe('whose server closes each connection soon', () => {
    const { random } = Math;
    beforeEach(() => {
      Math.random = () => 0.999;
    });
    afterEach(() => {
      Math.random = random;
    });

    it('pauses before it connects again, longer each time, whatever calls ask for', async () => {
      ready({ a: {} });
      const pauses: number[] = [];
      for (let i = 0; i < 6; i++) {
        const { length } = scene.subchannels;
        const since = performance.now();
        scene.closes('a');
        scene.policy.exitIdle();
        assert.equal(scene.subchannels.length, length);
        await eventually('it is dialled again', () => scene.subchannels.length > length);
        pauses.push(performance.now() - since);
        scene.ready('a');
      }
      assert.ok(pauses[5]! > 600, pauses.join());
    });
  });
});
