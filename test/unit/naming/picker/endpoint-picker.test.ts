import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  ClosedError,
  Code,
  DeadlineError,
  EtcdError,
  InvalidInputError,
  PermissionDeniedError,
} from '#src/errors/index.js';
import { NamingError } from '#src/naming/index.js';
import { EndpointPicker, type PickedEndpoint } from '#src/naming/picker/index.js';
import { settled } from '../fake-service.js';
import { endpoint, PickerFixture, shares } from './picker-fixture.js';

describe('an endpoint picker', () => {
  let fixture: PickerFixture;

  beforeEach(() => {
    fixture = new PickerFixture();
  });

  afterEach(() => fixture.etcd.close());

  const denied = new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED, verdict: 'final' });

  describe('of a service with endpoints', () => {
    it('gives each endpoint its turn', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {}, 'b:1': {}, 'c:1': {} });
      assert.deepEqual(shares(picker, 999), { 'a:1': 333, 'b:1': 333, 'c:1': 333 });
    });

    it('picks by weight', async () => {
      const picker = await fixture.pickerOf({ 'a:1': { weight: 3 }, 'b:1': {} }, { policy: 'weighted' });
      assert.deepEqual(shares(picker), { 'a:1': 750, 'b:1': 250 });
    });

    it('stays in its own zone', async () => {
      const picker = await fixture.pickerOf({ 'a:1': { zone: 'a' }, 'b:1': { zone: 'b' } }, { zone: 'a' });
      assert.deepEqual(shares(picker, 10), { 'a:1': 10 });
    });

    it('ignores weights and zones with round_robin, and picks those that drain or have weight 0 last', async () => {
      const records = {
        'a:1': { weight: 9, zone: 'a' },
        'b:1': { weight: 0.5 },
        'c:1': { weight: 0 },
        'd:1': { status: 'draining' },
      };
      const picker = await fixture.pickerOf(records, { policy: 'round_robin' });
      assert.deepEqual(shares(picker, 10), { 'a:1': 5, 'b:1': 5 });
    });

    it('picks those that drain or have weight 0 when there are no others', async () => {
      const picker = await fixture.pickerOf({ 'c:1': { weight: 0 }, 'd:1': { status: 'draining' } });
      assert.deepEqual(shares(picker, 10), { 'c:1': 5, 'd:1': 5 });
    });

    it('gives out endpoints that a caller cannot change for later picks', async () => {
      const picker = await fixture.pickerOf({ 'a:1': { weight: 2 } });
      const picked = picker.pick();
      for (const change of [
        { addr: 'evil:1' },
        { host: 'evil' },
        { port: 2 },
        { path: '/evil' },
        { record: {} },
        { markUnhealthy: () => {} },
        { other: 1 },
      ])
        assert.throws(() => Object.assign(picked, change), TypeError);
      const { addr, host, port, path, record } = picker.pick();
      assert.deepEqual([addr, host, port, path], ['a:1', 'a', 1, undefined]);
      assert.deepEqual(record.metadata, { weight: 2 });
    });

    it('gives out endpoints whose copies and JSON have the record as it is now', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} });
      const picked = picker.pick();
      await fixture.put('a:1', { weight: 3 });
      assert.deepEqual({ ...picked }.record.metadata, { weight: 3 });
      assert.deepEqual(JSON.parse(JSON.stringify(picked)).record.metadata, { weight: 3 });
    });

    it('follows changed metadata, with the same object', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} });
      const picked = picker.pick();
      await fixture.put('a:1', { weight: 3 });
      await fixture.put('b:1');
      assert.deepEqual(shares(picker, 400), { 'a:1': 300, 'b:1': 100 });
      assert.ok(picker.endpoints.includes(picked));
      assert.deepEqual(picked.record.metadata, { weight: 3 });
    });

    it('gives an endpoint that joins a tenth of its share at first with slowStartMs', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} }, { slowStartMs: 60_000 });
      await fixture.put('b:1');
      const { 'b:1': first = 0 } = shares(picker, 1_100);
      assert.ok(first > 90 && first < 112, `${first} of 1100`);
      fixture.clock.jump(60_000);
      const { 'b:1': later = 0 } = shares(picker, 1_000);
      assert.ok(later > 490 && later < 511, `${later} of 1000`);
    });

    it('starts with a random endpoint, by weight: many processes do not start with the same one', async () => {
      const records = { 'a:1': { weight: 3 }, 'b:1': {}, 'c:1': {}, 'd:1': { weight: 5 } };
      const expected: Record<string, number> = { 'a:1': 300, 'b:1': 100, 'c:1': 100, 'd:1': 500 };
      const pickers = await Promise.all(Array.from({ length: 1_000 }, () => fixture.picker()));
      await fixture.list(records);
      const counts: Record<string, number> = {};
      for (const picker of pickers) {
        const { addr } = picker.pick();
        counts[addr] = (counts[addr] ?? 0) + 1;
      }
      const chiSquare = Object.entries(expected).reduce(
        (sum, [addr, count]) => sum + ((counts[addr] ?? 0) - count) ** 2 / count,
        0,
      );
      assert.ok(chiSquare < 16.27, `chi-square ${chiSquare} of ${JSON.stringify(counts)}`); // p = 0.001, 3 degrees
    });

    it('has one endpoint for an address with several records', async () => {
      const picker = await fixture.picker();
      const values = { 1: endpoint('a:1'), 2: endpoint('A:1'), 3: endpoint('b:1') };
      await fixture.change((mirror) => mirror.values(values));
      assert.deepEqual(shares(picker, 300), { 'a:1': 200, 'b:1': 100 });
    });

    it('applies a burst of changes in one step', async () => {
      let removals = 0;
      const picker = await fixture.pickerOf({ 'a:1': {} }, { onRemoved: () => removals++ });
      for (const addr of ['b:1', 'c:1']) {
        fixture.mirror.put(addr, endpoint(addr));
        await settled();
      }
      fixture.mirror.remove('c:1');
      await settled();
      assert.equal(picker.endpoints.length, 2);
      fixture.clock.advance(20);
      assert.deepEqual(Object.keys(shares(picker, 10)).sort(), ['a:1', 'b:1']);
      assert.equal(removals, 0);
    });

    it('passes over records that the filter refuses', async () => {
      const filter = ({ addr }: { readonly addr: string }) => addr !== 'a:1';
      const picker = await fixture.pickerOf({ 'a:1': {}, 'b:1': {} }, { filter });
      assert.deepEqual(shares(picker, 10), { 'b:1': 10 });
    });

    it('picks from a subset', async () => {
      const picker = await fixture.pickerOf(
        { 'a:1': {}, 'b:1': {}, 'c:1': {} },
        { subset: { size: 2, seed: 'x' } },
      );
      assert.deepEqual(Object.values(shares(picker, 10)), [5, 5]);
    });
  });

  describe('with addresses of other forms', () => {
    const picked = async (addr: string, options = {}) =>
      (await fixture.pickerOf({ [addr]: {} }, options)).pick();

    it('writes an IPv6 address in brackets, and its host without', async () => {
      const { addr, host, port } = await picked('[2001:db8::7]:80');
      assert.deepEqual([addr, host, port], ['[2001:db8::7]:80', '2001:db8::7', 80]);
    });

    it('adds the port that a record lacks, and omits the scheme of a URL', async () => {
      assert.equal((await picked('h')).addr, 'h:443');
      fixture = new PickerFixture();
      assert.equal((await picked('http://h:80')).addr, 'h:80');
    });

    it('has the path of a socket file, if allowUnix permits it', async () => {
      const { addr, host, port, path } = await picked('unix:///run/x/../a.sock', { allowUnix: () => true });
      assert.deepEqual([addr, host, port, path], ['unix:/run/a.sock', undefined, undefined, '/run/a.sock']);
    });

    it('has no socket file otherwise', async () => {
      await assert.rejects(picked('unix:/run/a.sock'), /none of the 1 records .* has a usable address/);
    });
  });

  describe('with an endpoint that was reported as unhealthy', () => {
    const ejected = async (...addrs: string[]) => {
      const picker = await fixture.pickerOf({ 'a:1': {}, 'b:1': {}, 'c:1': {} });
      for (const one of picker.endpoints) if (addrs.includes(one.addr)) one.markUnhealthy();
      return picker;
    };

    it('does not pick it for at least a second, and then again', async () => {
      const picker = await ejected('a:1');
      fixture.clock.jump(999);
      assert.deepEqual(shares(picker, 10), { 'b:1': 5, 'c:1': 5 });
      fixture.clock.jump(1_001);
      assert.equal(shares(picker, 300)['a:1'], 100);
    });

    it('avoids it longer when it fails again soon, up to 31 s', async () => {
      const picker = await ejected();
      const [a] = picker.endpoints;
      let avoidedMs = 0;
      for (let failures = 0; failures < 30; failures++) {
        a!.markUnhealthy();
        let waitedMs = 0;
        for (; !(shares(picker, 9)['a:1']! > 0); waitedMs += 500) fixture.clock.jump(500);
        avoidedMs = Math.max(avoidedMs, waitedMs);
      }
      assert.ok(avoidedMs > 10_000 && avoidedMs <= 31_500, `${avoidedMs} ms`);
    });

    it('counts the reports of many requests once', async () => {
      const picker = await ejected('a:1');
      const [a] = picker.endpoints;
      for (let i = 0; i < 500; i++) a!.markUnhealthy();
      fixture.clock.jump(2_000);
      assert.ok(shares(picker, 9)['a:1']);
    });

    it('picks all when every endpoint is unhealthy', async () => {
      const picker = await ejected('a:1', 'b:1', 'c:1');
      assert.deepEqual(Object.values(shares(picker, 9)), [3, 3, 3]);
    });

    it('picks an endpoint that drains when all others are unhealthy', async () => {
      const picker = await ejected('a:1', 'b:1', 'c:1');
      await fixture.put('d:1', { status: 'draining' });
      assert.deepEqual(shares(picker, 5), { 'd:1': 5 });
    });

    it('keeps avoiding it when its metadata changes', async () => {
      const picker = await ejected('a:1');
      await fixture.put('a:1', { weight: 5 });
      assert.equal(shares(picker, 10)['a:1'], undefined);
    });

    it('forgets it when it is removed: the report of a slow request does not concern its successor', async () => {
      const picker = await ejected('a:1');
      const old = picker.endpoints.find(({ addr }) => addr === 'a:1');
      await fixture.change((mirror) => mirror.remove('a:1'));
      old?.markUnhealthy();
      await fixture.put('a:1');
      old?.markUnhealthy();
      assert.equal(shares(picker, 300)['a:1'], 100);
      fixture.clock.jump(60_000);
      for (let i = 0; i < 30; i++) assert.notEqual(picker.pick(), old);
    });

    it('uses the other zone in proportion to what its own has lost', async () => {
      const own = { zone: 'a' };
      const records = { 'a:1': own, 'b:1': own, 'c:1': own, 'd:1': own, 'x:1': { zone: 'x' } };
      const picker = await fixture.pickerOf(records, { zone: 'a' });
      for (const one of picker.endpoints.slice(0, 2)) one.markUnhealthy();
      const { 'x:1': other = 0 } = shares(picker, 1_000); // half of the zone takes 1.4 / 2 of the calls
      assert.ok(Math.abs(other - 300) <= 1, `${other} of 1000`);
    });
  });

  describe('without an endpoint', () => {
    const thrown = (picker: EndpointPicker): EtcdError => {
      try {
        picker.pick();
      } catch (error) {
        assert.ok(error instanceof EtcdError);
        return error;
      }
      return assert.fail('it picked');
    };

    it('throws UNAVAILABLE while etcd has not answered', async () => {
      const { message, code, verdict } = thrown(await fixture.picker());
      assert.equal(message, "UNAVAILABLE: cannot resolve 'svc/' in etcd: etcd has not answered yet");
      assert.deepEqual([code, verdict], [Code.UNAVAILABLE, 'not-applied']);
    });

    it('throws with the failure of etcd as the cause', async () => {
      const picker = await fixture.picker();
      fixture.mirror.failure(denied);
      await settled();
      const { message, cause } = thrown(picker);
      assert.match(message, /^UNAVAILABLE: cannot resolve 'svc\/' in etcd: PERMISSION_DENIED: no$/);
      assert.equal(cause, denied);
    });

    it('throws UNAVAILABLE with the prefix and the latest revision of an empty service', async () => {
      const picker = await fixture.pickerOf({});
      assert.equal(thrown(picker).message, "UNAVAILABLE: no endpoints under 'svc/' at etcd revision 2");
      await fixture.change((mirror) => mirror.remove('other'));
      assert.match(thrown(picker).message, /revision 3$/);
    });

    it('counts what the filter refuses', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} }, { filter: () => false });
      assert.match(thrown(picker).message, /the filter refuses 1, and 0 have no usable address/);
    });

    it('picks again as soon as there is one', async () => {
      const picker = await fixture.pickerOf({});
      await fixture.put('a:1');
      assert.equal(picker.pick().addr, 'a:1');
    });
  });

  describe('while etcd is away', () => {
    it('keeps picking', async () => {
      const picker = await fixture.pickerOf({ 'a:1': {} });
      fixture.mirror.failure(new EtcdError('unreachable', { code: Code.UNAVAILABLE }));
      await settled();
      assert.equal(picker.pick().addr, 'a:1');
    });
  });

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

  describe('of several for one service', () => {
    it('shares one mirror with the others, and has turns of its own', async () => {
      const one = await fixture.pickerOf({ 'a:1': {}, 'b:1': {} });
      const other = await fixture.picker();
      assert.equal(fixture.etcd.mirrors.length, 1);
      assert.deepEqual([shares(one, 2), shares(other, 2)], Array(2).fill({ 'a:1': 1, 'b:1': 1 }));
    });
  });

  it('takes the URI that a channel dials', async () => {
    assert.equal(new EndpointPicker(fixture.directory, 'etcd:///svc').target, 'svc');
  });

  it('refuses invalid arguments', () => {
    assert.throws(() => new EndpointPicker({} as never, 'svc'), NamingError);
    assert.throws(() => new EndpointPicker(fixture.directory, ''), NamingError);
    const options = { policy: 'round_robin', zone: 'a' } as const;
    assert.throws(
      () => new EndpointPicker(fixture.directory, 'svc', options),
      (error: Error) =>
        error instanceof InvalidInputError && /policy 'round_robin' and zone/.test(error.message),
    );
  });

  it('can be written as JSON', async () => {
    const picker = await fixture.pickerOf({ 'a:1': {} });
    const { addr, host, port, record } = JSON.parse(JSON.stringify(picker.pick()));
    assert.deepEqual([addr, host, port, record.key], ['a:1', 'a', 1, 'svc/a:1']);
  });
});
