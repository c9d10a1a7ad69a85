import assert from 'node:assert/strict';
import { Code, EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import { goValue, useTwoFormats } from './use-two-formats.js';

const unreachable = new EtcdError('unreachable', { code: Code.UNAVAILABLE, verdict: 'not-applied' });
const denied = new PermissionDeniedError('permission denied', {
  code: Code.PERMISSION_DENIED,
  verdict: 'final',
});

describe('a service in two formats', () => {
  const { fixture, go, lines, apply, advance, shown, followed } = useTwoFormats();

  describe('of which one prefix fails later', () => {
    it('keeps the last records of that prefix and follows the other', async () => {
      const { received } = await followed(['a:1'], ['c:1']);
      await apply(() => lines().fail(denied));
      await apply(() => go().put('b:1', goValue('b:1')));
      assert.equal(received.at(-1), '[c:1,a:1,b:1]');
      const { source, staleMs, lastError } = fixture.directory.status('svc');
      assert.deepEqual([source, staleMs, lastError], ['memory', 0, denied]);
      await advance(3_000);
      assert.equal(fixture.directory.status('svc').staleMs, 3_000, 'counted from the end of its mirror');
    });

    it('is live again when that prefix has been listed again, with the records of then', async () => {
      const { received } = await followed(['a:1'], ['c:1', 'd:1']);
      await apply(() => lines().fail(denied));
      const ended = lines();
      await advance(20_000);
      assert.notEqual(lines(), ended);
      await apply(() => go().put('b:1', goValue('b:1')));
      assert.equal(received.at(-1), '[c:1,d:1,a:1,b:1]');
      await apply(() => lines().values({ 'd:1': 'd:1' }));
      assert.equal(received.at(-1), '[c:1,d:1,a:1,b:1]');
      assert.deepEqual([...fixture.directory.get('svc')!.unconfirmed], ['/lines/svc/c:1']);
      assert.deepEqual(
        [fixture.directory.status('svc').source, fixture.directory.status('svc').lastError],
        ['live', undefined],
      );
      await advance(10_000);
      assert.equal(received.at(-1), '[d:1,a:1,b:1]', 'after the protection time');
    });
  });

  describe('of which one prefix may no longer be read', () => {
    const deniedLines = async () => {
      const followed_ = await followed(['a:1', 'b:1'], ['c:1']);
      lines().answer = async () => Promise.reject(denied);
      await apply(() => lines().fail(denied));
      return followed_;
    };

    it('loses what the other prefix loses, and keeps the last records of that prefix', async () => {
      const { received } = await deniedLines();
      await apply(() => go().remove('a:1'));
      assert.equal(received.at(-1), '[c:1,b:1]');
      await advance(20_000);
      await apply(() => go().remove('b:1'));
      assert.equal(received.at(-1), '[c:1]');
      assert.equal(fixture.directory.status('svc').unconfirmed, 0);
    });

    it('counts that prefix again after its new list, and not before', async () => {
      const { received } = await deniedLines();
      await advance(20_000);
      lines().answer = undefined;
      await apply(() => go().remove('a:1'));
      assert.equal(received.at(-1), '[c:1,b:1]', 'its next mirror has not listed it');
      await apply(() => lines().values({ 'c:1': 'c:1' }));
      await apply(() => go().remove('b:1'));
      await advance(5_000);
      assert.equal(received.at(-1), '[c:1,b:1]', 'that prefix does not answer');
    });

    it('keeps what it loses while the other prefix does not answer', async () => {
      await deniedLines();
      go().answer = undefined;
      await apply(() => go().remove('a:1'));
      await advance(60_000);
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1', 'endpoints b:1']);
    });

    it('loses what the other loses also if its watch outlives the permission', async () => {
      await followed(['a:1', 'b:1'], ['c:1']);
      lines().answer = async () => Promise.reject(denied);
      await apply(() => go().remove('a:1'));
      assert.deepEqual(shown(), ['lines c:1', 'endpoints b:1']);
    });
  });

  describe('of which one prefix is not reachable', () => {
    it('keeps what the other one loses', async () => {
      await followed(['a:1', 'b:1'], ['c:1']);
      lines().answer = undefined;
      await apply(() => lines().failure(unreachable));
      await apply(() => go().remove('a:1'));
      await advance(60_000);
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1', 'endpoints b:1']);
    });
  });
});
