import assert from 'node:assert/strict';
import { goEndpoints } from '#src/naming/index.js';
import { lineCodec } from '../../../../support/naming/line-codec.js';
import { settled } from '../../fake-service.js';
import { followIn } from '../../subscribers.js';
import { goValue, useTwoFormats } from './use-two-formats.js';

describe('the losses of a service whose records are in two formats', () => {
  const { fixture, useDirectory, go, lines, apply, advance, shown, followed } = useTwoFormats();

  it('show the last state of a record that changed and left within one change', async () => {
    await followed(['a:1', 'b:1'], ['c:1']);
    go().answer = undefined; // the loss is unconfirmed until then
    await apply(() => go().remove('a:1', goValue('a:1', { status: 'draining' })));
    const lost = fixture.directory.get('svc')?.endpoints.find(({ addr }) => addr === 'a:1');
    assert.deepEqual(lost?.metadata, { status: 'draining' });
  });

  describe('with an address that moves from one prefix to the other in one transaction', () => {
    for (const [order, codec] of [
      ['first', [goEndpoints, lineCodec]],
      ['last', [lineCodec, goEndpoints]],
    ] as const)
      for (const [arrival, steps] of [
        ['the deletion', [() => go().remove('a:1'), () => lines().put('x', 'a:1 new')]],
        ['the new record', [() => lines().put('x', 'a:1 new'), () => go().remove('a:1')]],
      ] as const)
        it(`has it in every view if ${arrival} arrives first and the old format is ${order} in the list`, async () => {
          useDirectory({ codec });
          const views: (readonly string[])[] = [];
          fixture.directory.follow('svc', {
            onView: ({ endpoints }) => views.push(endpoints.map(({ addr }) => addr).sort()),
            onFailure: () => {},
          });
          await settled();
          await apply(() => {
            go().snapshot('a:1', 'b:1');
            lines().values({ c: 'c:1' });
          });
          lines().answer = undefined; // the read takes longer than the second change
          for (const step of steps) await apply(step);
          for (const addrs of views) assert.deepEqual(addrs, ['a:1', 'b:1', 'c:1']);
          assert.deepEqual(shown(), ['lines c:1', 'lines a:1', 'endpoints b:1']);
          const moved = fixture.directory.get('svc')?.endpoints.find(({ addr }) => addr === 'a:1');
          assert.deepEqual(moved?.metadata, { zone: 'new' });
          assert.equal(fixture.directory.status('svc').unconfirmed, 0);
        });

    it('keeps it over a new list of the one prefix, until the other one is listed', async () => {
      await followed(['a:1', 'b:1'], ['c:1']);
      await apply(() => go().resync());
      await advance(5_000);
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1', 'endpoints b:1']);
      await apply(() => lines().values({ a: 'a:1', c: 'c:1' }));
      assert.deepEqual(shown(), ['lines a:1', 'lines c:1', 'endpoints b:1']);
      await advance(11_000);
      assert.deepEqual(shown(), ['lines a:1', 'lines c:1']);
    });

    it('may lack it for a moment without a protection time', async () => {
      useDirectory({ lossProtection: { protectionMs: 0 } });
      await followed(['a:1'], ['c:1']);
      await apply(() => go().remove('a:1'));
      assert.deepEqual(shown(), ['lines c:1']);
    });
  });

  describe('that loses records', () => {
    it('asks each prefix before it believes that it is empty', async () => {
      await followed(['a:1'], ['c:1']);
      await apply(() => lines().remove('c:1'));
      assert.deepEqual(shown(), ['endpoints a:1'], 'half of the service is below the threshold');
      assert.deepEqual([go().reads, lines().reads], [1, 1]);
      lines().answer = async () => false;
      await apply(() => go().remove('a:1'));
      await advance(500);
      assert.deepEqual(shown(), ['endpoints a:1']);
      assert.equal(fixture.directory.status('svc').unconfirmed, 1);
      assert.deepEqual([go().reads, lines().reads], [2, 2]);
      lines().answer = async () => true;
      await advance(25_000);
      assert.deepEqual(shown(), [], 'after the protection time, which restarts after a failed read');
    });

    it('does not lose an address that another prefix has', async () => {
      useDirectory({ codec: [goEndpoints, lineCodec], lossProtection: { lossThreshold: 0.5 } });
      await followed(['A:1', 'b:1', 'x:1'], ['a:1', 'b:1', 'c:1']);
      await apply(() => {
        for (const id of ['A:1', 'b:1', 'x:1']) go().remove(id);
      });
      assert.deepEqual(shown(), ['lines a:1', 'lines b:1', 'lines c:1']);
    });

    it('sends few reads for many losses', async () => {
      const addrs = Array.from({ length: 1_000 }, (_, i) => `a:${i + 1}`);
      await followed(addrs, ['c:1']);
      for (const addr of addrs) go().remove(addr);
      await advance(1_000);
      assert.deepEqual(shown(), ['lines c:1']);
      assert.ok(go().reads <= 3, `${go().reads} reads`);
    });

    it('compares the lost addresses with those of all prefixes', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5, includeLive: true } });
      await followed(['a:1', 'b:1', 'c:1', 'd:1'], ['a:1', 'b:1', 'c:1', 'd:1']);
      await apply(() => {
        for (const id of ['a:1', 'b:1']) go().remove(id);
      });
      assert.equal(fixture.directory.status('svc').unconfirmed, 0);
      await apply(() => lines().remove('a:1'));
      assert.equal(shown()?.length, 3, 'one of four is lost');
      assert.equal(fixture.directory.status('svc').unconfirmed, 0);
      await apply(() => lines().remove('b:1'));
      assert.equal(shown()?.length, 4, 'two of four are lost, although six of eight records are left');
    });

    it('treats a loss as one after a reconnect while another prefix is not followed', async () => {
      await followed([], ['c:1']);
      go().fresh = false;
      await apply(() => lines().remove('c:1'));
      assert.deepEqual(shown(), ['lines c:1']);
      go().fresh = true;
      await advance(9_500);
      assert.deepEqual(shown(), ['lines c:1'], 'the protection time restarts when it is followed again');
      await advance(15_000);
      assert.deepEqual(shown(), []);
    });

    for (const [whose, interrupted] of [
      ['another prefix', () => go()],
      ['the same prefix', () => lines()],
    ] as const)
      it(`waits for the protection time if the watch of ${whose} was interrupted shortly before`, async () => {
        await followed([], ['c:1']);
        Object.assign(interrupted(), { reconnects: 1, forMs: 0 });
        await apply(() => lines().remove('c:1'));
        await advance(9_000);
        assert.deepEqual(shown(), ['lines c:1']);
        await advance(2_000);
        assert.deepEqual(shown(), []);
      });

    it('believes a read at once if no watch was interrupted', async () => {
      await followed([], ['c:1']);
      await apply(() => lines().remove('c:1'));
      await settled();
      assert.deepEqual(shown(), []);
    });

    it('restarts the protection when the watch of another prefix was interrupted', async () => {
      await followed([], ['c:1']);
      lines().answer = async () => false;
      await apply(() => lines().remove('c:1'));
      assert.deepEqual(shown(), ['lines c:1']);
      go().reconnects++;
      go().forMs = 0;
      lines().answer = async () => true;
      await advance(5_000);
      assert.deepEqual(shown(), ['lines c:1']);
      await advance(15_000);
      assert.deepEqual(shown(), []);
    });

    it('keeps them after a wipe until they are registered again, also before each prefix was listed', async () => {
      await followed(['a:1'], ['c:1']);
      await apply(() => go().resync());
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1']);
      await apply(() => lines().resync());
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1']);
      await apply(() => lines().put('c:1', 'c:1'));
      await advance(15_000);
      assert.deepEqual(shown(), ['lines c:1']);
    });
  });

  describe('that is followed again', () => {
    it('is compared with the remembered view if the store was replaced before one prefix was read', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5 } });
      const { unsubscribe } = await followed(['a:1'], ['c:1']);
      await apply(() => go().push({ type: 'delta', revision: 50n, puts: new Map(), deletes: new Set() }));
      unsubscribe();
      await advance(5_000);
      await followIn(fixture.directory);
      await apply(() => {
        go().push({ type: 'snapshot', reason: 'initial', revision: 60n, kvs: new Map() });
        lines().values({ 'd:1': 'd:1' });
      });
      assert.deepEqual(shown(), ['lines c:1', 'lines d:1', 'endpoints a:1']);
      assert.equal(fixture.directory.get('svc')?.revision, 60n, 'the newest revision');
    });

    it('trusts the first lists of a store that was not replaced', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5 } });
      const { unsubscribe } = await followed(['a:1'], ['c:1']);
      unsubscribe();
      await advance(5_000);
      await followed(['b:1'], ['d:1']);
      assert.deepEqual(shown(), ['lines d:1', 'endpoints b:1']);
    });
  });
});
