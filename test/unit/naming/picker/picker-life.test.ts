import assert from 'node:assert/strict';
import { once } from 'node:events';
import { ClosedError, Code, DeadlineError, PermissionDeniedError } from '#src/errors/index.js';
import type { PickedEndpoint } from '#src/naming/picker/index.js';
import { settled } from '../fake-service.js';
import { endpoint, PickerFixture } from './picker-fixture.js';

describe('an endpoint picker', () => {
  let fixture: PickerFixture;

  beforeEach(() => {
    fixture = new PickerFixture();
  });

  afterEach(() => fixture.etcd.close());

  const denied = new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED, verdict: 'final' });

  describe('ready()', () => {
    it('resolves once enough endpoints can be picked, not counting those that the filter refuses', async () => {
      const picker = await fixture.picker({ filter: ({ addr }) => addr !== 'a:1' });
      let isReady = false;
      const ready = picker.ready({ minEndpoints: 2 }).then(() => (isReady = true));
      await fixture.list({ 'a:1': {}, 'b:1': {} });
      assert.equal(isReady, false);
      await fixture.put('c:1');
      await ready;
      assert.equal(picker.endpoints.length, 2);
    });

    it('resolves with the last change of a burst', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} });
      fixture.mirror.put('b:1', endpoint('b:1'));
      await settled();
      const ready = picker.ready({ minEndpoints: 3 });
      fixture.mirror.put('c:1', endpoint('c:1'));
      await ready;
      assert.equal(picker.endpoints.length, 3);
    });

    it('resolves at once when they are known', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} });
      await picker.ready();
    });

    it('rejects with a final error, with the reason of its signal, and after its time', async () => {
      const picker = await fixture.picker();
      const final = assert.rejects(picker.ready(), denied);
      await settled();
      fixture.mirror.failure(denied);
      await final;
      const reason = new Error('enough');
      await assert.rejects(picker.ready({ signal: AbortSignal.abort(reason) }), reason);
      await fixture.list({});
      const late = assert.rejects(picker.ready({ timeoutMs: 10 }), (error: Error) => {
        assert.ok(error instanceof DeadlineError);
        return /did not have 1 endpoints within 10 ms: it has 0, of which 0 are usable$/.test(error.message);
      });
      fixture.clock.advance(10);
      await late;
    });
  });

  describe('onRemoved', () => {
    it('is called for each endpoint whose address is gone, and at the end for the others', async () => {
      const removed: string[] = [];
      const onRemoved = ({ addr }: PickedEndpoint) => removed.push(addr);
      const picker = await fixture.pickerOf({ 'a:1': {}, 'b:1': {} }, { onRemoved });
      await fixture.change((mirror) => mirror.remove('a:1'));
      assert.deepEqual(removed, ['a:1']);
      picker.close();
      picker.close();
      assert.deepEqual(removed, ['a:1', 'b:1']);
    });

    it('may be missing', async () => {
      const warnings: Error[] = [];
      const listener = (warning: Error) => warnings.push(warning);
      process.on('warning', listener);
      (await fixture.pickerOf({ 'a:1': {} })).close();
      await settled();
      process.off('warning', listener);
      assert.deepEqual(warnings, []);
    });

    it('becomes a process warning when it throws', async () => {
      const onRemoved = () => assert.fail('a test error');
      const picker = await fixture.pickerOf({ 'a:1': {} }, { onRemoved });
      const warned = once(process, 'warning');
      picker.close();
      const [warning] = await warned;
      assert.match(warning.message, /onRemoved failed/);
    });
  });

  describe('that is closed', () => {
    it('throws and rejects with ClosedError, and no longer follows the service', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} });
      picker[Symbol.dispose]();
      assert.throws(() => picker.pick(), ClosedError);
      await assert.rejects(picker.ready(), ClosedError);
      assert.deepEqual(picker.endpoints, []);
      fixture.clock.advance(5_000);
      assert.equal(fixture.mirror.hasEnded, true);
    });

    it('rejects a ready() that waits', async () => {
      const picker = await fixture.picker();
      const waits = [picker.ready(), picker.ready({ signal: new AbortController().signal })];
      const rejected = Promise.all(waits.map((wait) => assert.rejects(wait, ClosedError)));
      await settled();
      picker.close();
      await rejected;
      fixture.clock.advance(5_000);
      assert.equal(fixture.mirror.hasEnded, true);
    });

    it('before its client says so', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} });
      picker.close();
      fixture.etcd.close();
      assert.throws(() => picker.pick(), { name: 'ClosedError', message: 'CANCELLED: the picker is closed' });
    });

    it('by its client says so', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} });
      fixture.etcd.close();
      picker.close();
      assert.throws(
        () => picker.pick(),
        (error: Error) => error instanceof ClosedError && /etcd client/.test(error.message),
      );
    });

    it('by its directory says so', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} });
      await fixture.directory.close();
      assert.throws(
        () => picker.pick(),
        (error: Error) => error instanceof ClosedError && /directory/.test(error.message),
      );
    });
  });
});
