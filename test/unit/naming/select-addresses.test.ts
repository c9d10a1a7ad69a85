import assert from 'node:assert/strict';
import type { JsonValue } from '#src/naming/index.js';
import { isSameSelection, type Selector, selectAddresses, subsetOf } from '#src/naming/selection/index.js';

const record = (addr: string, metadata?: JsonValue, id = addr) => ({
  key: `svc/${id}`,
  addr,
  metadata,
  createRevision: 1n,
  modRevision: 1n,
  lease: 0n,
});
const names = (addrs: string[], options: Selector = {}) =>
  selectAddresses(
    addrs.map((addr, i) => record(addr, undefined, `${i}`)),
    options,
  ).addresses.map(({ name }) => name);

describe('the selection of addresses', () => {
  it('contains each address once, at the position of its first record', () => {
    assert.deepEqual(names(['b:2', 'a:1', 'b:2', 'http://a:1', 'a:2']), ['b 2', 'a 1', 'a 2']);
  });

  it('omits and counts addresses that cannot be dialled', () => {
    const { addresses: list, unusable } = selectAddresses([record(''), record('unix:/x'), record('a:1')], {});
    assert.deepEqual(
      list.map(({ address }) => address),
      [{ host: 'a', port: 1 }],
    );
    assert.equal(unusable, 2);
  });

  it('contains a socket file only if a rule allows it', () => {
    const allowUnix = (path: string) => path.startsWith('/run/');
    assert.deepEqual(names(['unix:/run/a', 'unix:/etc/b', 'a:1'], { allowUnix }), ['unix:/run/a', 'a 1']);
  });

  describe('with records that share an address', () => {
    const draining = { status: 'draining' };
    const shared = (...metadata: JsonValue[]) =>
      selectAddresses(
        [...metadata.map((one, i) => record('a:1', one, `${i}`)), record('b:1')],
        {},
      ).addresses.map(({ name, traits }) => [name, traits.weight, traits.zone, traits.draining]);
    const b = ['b 1', 1, undefined, false];

    it('contains one backend with the sum of the weights and the first zone', () => {
      assert.deepEqual(shared({}, { zone: 'x' }, { weight: 3, zone: 'y' }), [['a 1', 5, 'x', false], b]);
      assert.deepEqual(shared({ weight: 0 }, { weight: 0 }), [['a 1', 0, undefined, false], b]);
      assert.deepEqual(shared({ weight: 9_000 }, { weight: 9_000 }), [['a 1', 10_000, undefined, false], b]);
    });

    it('contains a backend that drains only when all its records do, and counts only the others', () => {
      const serving = { weight: 2, zone: 'x' };
      for (const all of [
        [draining, serving, draining],
        [serving, draining, draining],
        [draining, draining, serving],
      ])
        assert.deepEqual(shared(...all), [['a 1', 2, 'x', false], b]);
      assert.deepEqual(shared(draining, draining), [['a 1', 2, undefined, true], b]);
    });
  });

  it('treats a promise of a rule as a refusal, and handles its rejection', async () => {
    const rejects = async () => assert.fail('of the rule');
    const { addresses, filtered } = selectAddresses([record('a:1')], {
      filter: rejects as unknown as () => boolean,
    });
    assert.deepEqual([addresses, filtered], [[], 1]);
    assert.deepEqual(names(['unix:/run/a'], { allowUnix: rejects as unknown as () => boolean }), []);
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('asks about the socket file that is dialled, and contains it once', () => {
    const allowUnix = (path: string) => path.startsWith('/run/app/');
    assert.deepEqual(
      names(['unix:/run/app/../../etc/x', 'unix:/run/app/./y', 'unix:/run//app/y'], { allowUnix }),
      ['unix:/run/app/y'],
    );
  });

  it('applies the filter, and counts a record for which it throws as filtered', () => {
    const filter = ({ addr }: { addr: string }) => {
      if (addr === 'bad:1') throw new Error('no idea');
      return addr !== 'no:1';
    };
    const { addresses: list, filtered } = selectAddresses([record('a:1'), record('no:1'), record('bad:1')], {
      filter,
    });
    assert.deepEqual(
      list.map(({ name }) => name),
      ['a 1'],
    );
    assert.equal(filtered, 2);
  });

  it('contains the same object for the same record, so that what is made of it can be kept', () => {
    const records = [record('a:1'), record('unix:/run/b'), record('not an address')];
    const select = () => selectAddresses(records, { allowUnix: () => true }).addresses;
    const [first, second] = [select(), select()];
    assert.equal(first.length, 2);
    for (const [i, address] of first.entries()) assert.equal(second[i], address);
  });

  it('asks the rules about each record every time: they may depend on anything', () => {
    const asked: string[] = [];
    const options = {
      filter: ({ addr }: { addr: string }) => asked.push(addr) > 0,
      allowUnix: (path: string) => asked.push(path) > 0,
    };
    const records = [record('unix:/run/b')];
    for (let i = 0; i < 2; i++) selectAddresses(records, options);
    assert.deepEqual(asked, ['unix:/run/b', '/run/b', 'unix:/run/b', '/run/b']);
  });

  it('contains a subset of the given size', () => {
    const addrs = Array.from({ length: 50 }, (_, i) => `a${i}:1`);
    assert.equal(names(addrs, { subset: subsetOf({ size: 5, seed: 'me' }) }).length, 5);
  });

  it('contains draining addresses in a subset only when there are too few others', () => {
    const records = [record('a:1', { status: 'draining' }), record('b:1', { weight: 0 }), record('c:1')];
    for (let i = 0; i < 50; i++) {
      const part = (size: number) =>
        selectAddresses(records, { subset: subsetOf({ size, seed: `p${i}` }) }).addresses.map(
          ({ name }) => name,
        );
      assert.deepEqual(part(1), ['c 1']);
      assert.ok(part(2).includes('c 1'));
    }
  });

  it('treats a rule that throws as a refusal', () => {
    const allowUnix = () => assert.fail('no idea');
    assert.deepEqual(names(['unix:/run/a', 'a:1'], { allowUnix }), ['a 1']);
  });

  it('is the same only for the same addresses in the same order with the same traits', () => {
    const of = (...records: ReturnType<typeof record>[]) => selectAddresses(records, {}).addresses;
    const one = of(record('a:1'), record('b:1'));
    const same = (...records: ReturnType<typeof record>[]) => isSameSelection(one, of(...records), true);
    assert.equal(same(record('a:1', { note: 'new' }), record('b:1')), true);
    assert.equal(same(record('b:1'), record('a:1')), false);
    assert.equal(same(record('a:1')), false);
    const [b] = [record('b:1')];
    for (const metadata of [{ weight: 2 }, { zone: 'z' }, { status: 'draining' }]) {
      assert.equal(same(record('a:1', metadata), b), false);
      assert.equal(isSameSelection(one, of(record('a:1', metadata), b), false), true);
    }
  });
});
