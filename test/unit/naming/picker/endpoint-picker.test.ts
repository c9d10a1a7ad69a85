import assert from 'node:assert/strict';
import { Code, EtcdError, InvalidInputError, PermissionDeniedError } from '#src/errors/index.js';
import { NamingError } from '#src/naming/index.js';
import { EndpointPicker } from '#src/naming/picker/index.js';
import { settled } from '../fake-service.js';
import { endpoint, PickerFixture, shares } from './picker-fixture.js';

describe('an endpoint picker', () => {
  let fixture: PickerFixture;

  beforeEach(() => {
    fixture = new PickerFixture();
  });

  afterEach(() => fixture.etcd.close());

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
      const denied = new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED, verdict: 'final' });
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
