import assert from 'node:assert/strict';
import { RecordActions } from '#src/cli/ui/actions/index.js';
import type { ApiError } from '#src/cli/ui/ports.js';
import { register } from '#src/naming/index.js';
import { eventually } from '../../../support/eventually.js';
import { endpointRow } from '../../../support/ui-rows.js';
import { apiError, failureOf, optionsOf, requestFor, signal, useActions } from './actions-fixture.js';

describe('an action of the page', () => {
  const { fixture } = useActions();
  let key: string;

  const put = (value: string) => fixture.client.kv.put(key, value);
  const stored = async () => (await fixture.client.kv.get(key)).kv;
  const text = async () => (await stored())?.value.toString();
  const request = (...args: [action: 'drain' | 'undrain' | 'weight' | 'remove', weight?: number]) =>
    requestFor(fixture.client, args[0], key, args[1]);

  beforeEach(async () => {
    key = `${fixture.prefix}shop/e1`;
    await put('{"Op":0,"Addr":"10.0.0.1:1","Metadata":{"version":"2"}}');
  });

  it('drains an endpoint and undrains it, each in one transaction', async () => {
    const drained = await fixture.actions.perform(await request('drain'), signal);
    assert.deepEqual(drained, { revision: String((await stored())?.modRevision), changed: true });
    assert.equal(await text(), '{"Op":0,"Addr":"10.0.0.1:1","Metadata":{"status":"draining","version":"2"}}');
    await fixture.actions.perform(await request('undrain'), signal);
    assert.equal(await text(), '{"Op":0,"Addr":"10.0.0.1:1","Metadata":{"version":"2"}}');
    assert.equal((await stored())?.version, 3n);
  });

  it('sets the weight', async () => {
    await fixture.actions.perform(await request('weight', 2.5), signal);
    assert.equal(await text(), '{"Op":0,"Addr":"10.0.0.1:1","Metadata":{"version":"2","weight":2.5}}');
  });

  it('removes a record', async () => {
    const { changed } = await fixture.actions.perform(await request('remove'), signal);
    assert.deepEqual([changed, await stored()], [true, undefined]);
  });

  it('keeps the lease of the record, and its owner adopts the change', async () => {
    const { client, prefix, actions } = fixture;
    const target = `${prefix}owned`;
    await using registration = await register(client, { target, id: 'e1', addr: '10.0.0.7:1' });
    key = registration.key;
    await actions.perform(await request('weight', 0), signal);
    assert.equal((await stored())?.lease, registration.lease);
    await eventually('the owner adopts the weight', () =>
      JSON.stringify(registration.endpoint).includes('"weight":0'),
    );
    await actions.perform(await request('drain'), signal);
    await eventually('the owner adopts the mark', () =>
      JSON.stringify(registration.endpoint).includes('draining'),
    );
  });

  it('writes nothing if the record is already so', async () => {
    const before = await stored();
    assert.equal((await fixture.actions.perform(await request('undrain'), signal)).changed, false);
    assert.deepEqual(await stored(), before);
    const { changes, warnings } = await fixture.actions.preview(await request('undrain'), signal);
    assert.deepEqual([changes, warnings], [[], ['Nothing will change: the endpoint is not draining.']]);
  });

  describe('on a record that its owner has written again', () => {
    it('is a conflict with the present row, for the preview too, and changes nothing', async () => {
      const old = await request('drain');
      await put('{"Addr":"10.0.0.1:1","Metadata":{"load":1}}');
      const present = await stored();
      for (const call of ['preview', 'perform'] as const) {
        const error = await failureOf(fixture.actions[call](old, signal));
        assert.deepEqual(
          [error.code, error.current?.modRevision],
          ['conflict', String(present?.modRevision)],
        );
      }
      assert.deepEqual(await stored(), present);
    });

    it('is a conflict without a row if the record is gone', async () => {
      const old = await request('remove');
      await fixture.client.kv.delete(key);
      const error = await failureOf(fixture.actions.perform(old, signal));
      assert.deepEqual([error.code, error.current], ['conflict', undefined]);
      assert.match(error.message, /was deleted/);
    });

    it('is a conflict if the same value was written again', async () => {
      const old = await request('drain');
      await put((await text()) ?? '');
      await assert.rejects(fixture.actions.perform(old, signal), apiError('conflict', /changed by another/));
    });
  });

  it('of two pages at once succeeds for one, and is a conflict for the other', async () => {
    const requests = [await request('weight', 2), await request('drain')];
    const results = await Promise.allSettled(requests.map((one) => fixture.actions.perform(one, signal)));
    const failed = results.filter((result) => result.status === 'rejected');
    assert.deepEqual(
      failed.map(({ reason }) => (reason as ApiError).code),
      ['conflict'],
    );
    assert.equal((await stored())?.version, 2n);
  });

  it('is a conflict if the record changes between its read and its write', async () => {
    const old = await request('drain');
    const { get } = fixture.client.kv;
    fixture.client.kv.get = async (...args) => {
      fixture.client.kv.get = get;
      const result = await get.apply(fixture.client.kv, args);
      await put('{"Addr":"10.0.0.9:9"}');
      return result;
    };
    await assert.rejects(fixture.actions.perform(old, signal), apiError('conflict', /changed by another/));
    assert.equal(await text(), '{"Addr":"10.0.0.9:9"}');
  });

  describe('is refused', () => {
    const refusals: readonly (readonly [name: string, value: string, message: RegExp])[] = [
      ['with metadata that is not an object', '{"Addr":"a:1","Metadata":"x"}', /is not an object/],
      ['without an address', '{"Op":0}', /has no address/],
      [
        'with an integer beyond 2^53',
        '{"Addr":"a:1","Metadata":{"n":9007199254740993}}',
        /9007199254740993 is beyond/,
      ],
      ['that is not an endpoint', 'hello', /is not an endpoint/],
    ];
    for (const [name, value, message] of refusals)
      it(`for a record ${name}, and writes nothing`, async () => {
        await put(value);
        for (const one of [await request('drain'), await request('weight', 2)])
          for (const call of ['preview', 'perform'] as const)
            await assert.rejects(fixture.actions[call](one, signal), apiError('refused', message));
        assert.equal(await text(), value);
      });

    it('for a key that has no row, such as that of a lock', async () => {
      const { client, prefix } = fixture;
      const actions = new RecordActions({ ...optionsOf(client, prefix), toRow: () => undefined });
      await assert.rejects(
        actions.perform(await request('remove'), signal),
        apiError('refused', /not an endpoint/),
      );
      assert.ok(await stored());
    });
  });

  describe('with an invalid request', () => {
    it('does not reach beyond the prefix of the page', async () => {
      const outside = `${fixture.prefix.slice(0, -1)}-other/shop/e1`;
      await fixture.client.kv.put(outside, '{"Addr":"a:1"}');
      const foreign = await requestFor(fixture.client, 'remove', outside);
      await assert.rejects(
        fixture.actions.perform(foreign, signal),
        apiError('invalid', /not below the prefix/),
      );
      await assert.rejects(
        fixture.actions.record({ key: outside }, signal),
        apiError('invalid', /not below/),
      );
      assert.ok((await fixture.client.kv.get(outside)).kv);
    });

    for (const modRevision of ['', '0', '-1', '1.5', '0x1', '١', '1'.repeat(20)])
      it(`refuses the revision '${modRevision}'`, async () => {
        const one = { action: 'remove', key, modRevision } as const;
        await assert.rejects(fixture.actions.perform(one, signal), apiError('invalid', /modRevision/));
      });

    for (const weight of [-1, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY, undefined])
      it(`refuses the weight ${weight}`, async () => {
        const one = await request('weight', weight);
        await assert.rejects(fixture.actions.perform(one, signal), apiError('invalid', /weight must be/));
      });

    it('refuses a key that no bytes have', async () => {
      const one = { action: 'remove', key: `${fixture.prefix}shop/\ud800`, modRevision: '1' } as const;
      await assert.rejects(fixture.actions.perform(one, signal), apiError('invalid', /./));
    });
  });

  it('reaches a key that is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(`${fixture.prefix}shop/`), Buffer.from([0xff])]);
    await fixture.client.kv.put(bytes, '{"Addr":"a:1"}');
    key = `${fixture.prefix}shop/\udcff`;
    await fixture.actions.perform(await request('remove'), signal);
    assert.equal((await fixture.client.kv.get(bytes)).kv, undefined);
  });

  describe('in its preview', () => {
    it('names the changes and writes nothing', async () => {
      const { changes } = await fixture.actions.preview(await request('weight', 3), signal);
      assert.deepEqual(changes, [{ path: 'metadata.weight', after: '3' }]);
      const removal = await fixture.actions.preview(await request('remove'), signal);
      assert.deepEqual(
        removal.changes.map(({ path, before }) => [path, before]),
        [
          ['addr', '"10.0.0.1:1"'],
          ['metadata.version', '"2"'],
        ],
      );
      assert.equal((await stored())?.version, 1n);
    });

    it('warns that a living owner restores a removed record, with the time that its lease has left', async () => {
      const lease = await fixture.client.lease.grant({ ttlSeconds: 300 });
      await fixture.client.kv.put(key, '{"Addr":"10.0.0.1:1"}', { lease: lease.id });
      const { warnings } = await fixture.actions.preview(await request('remove'), signal);
      assert.match(
        warnings.join('\n'),
        /^Its lease is alive \((300|299) of 300 s left\): if its owner is running, it will store the record again\. To take it out of service, drain it instead\.$/m,
      );
    });

    it('names what the change loses, in whatever case Go reads the rest', async () => {
      await put('{"addr":"10.0.0.1:1","secret":"s","Metadata":{"a":1}}');
      for (const one of [await request('drain'), await request('weight', 2)]) {
        const { changes, warnings } = await fixture.actions.preview(one, signal);
        assert.equal(changes.length, 1);
        assert.match(warnings.join('\n'), /loses or changes besides: secret\.$/m);
      }
      await put('{"addr":"10.0.0.1:1"}');
      const { warnings } = await fixture.actions.preview(await request('drain'), signal);
      assert.doesNotMatch(warnings.join('\n'), /besides/);
    });

    it('shows the value that a removal deletes if it is not an endpoint, or has no address', async () => {
      for (const value of ['hello', '{"host":"db1"}', '{"Addr":"","Metadata":{"weight":1}}']) {
        await put(value);
        const { changes, warnings } = await fixture.actions.preview(await request('remove'), signal);
        assert.deepEqual(changes, [{ path: 'value', before: JSON.stringify(value) }]);
        assert.match(warnings[0] ?? '', /^Its value is not an endpoint: another program may need it/);
        assert.doesNotMatch(warnings.join('\n'), /only endpoint/);
      }
    });

    it('warns that a key may be that of an election, also if its value is an endpoint', async () => {
      const lease = await fixture.client.lease.grant({ ttlSeconds: 300 });
      key = `${fixture.prefix}el/addr/${lease.id.toString(16)}`;
      await fixture.client.kv.put(key, '{"Addr":"10.1.1.1:80"}', { lease: lease.id });
      for (const action of ['drain', 'remove'] as const) {
        const { warnings } = await fixture.actions.preview(await request(action), signal);
        assert.match(warnings[0] ?? '', /^Its key has the form of a lock’s or an election’s key/);
      }
    });

    it('has the changes of metadata with very many members', async () => {
      const metadata = Object.fromEntries(Array.from({ length: 90_000 }, (_, i) => [`${i}`, 0]));
      const list = { list: Array.from({ length: 400_000 }, () => 0) };
      for (const value of [metadata, list]) {
        await put(JSON.stringify({ Addr: 'a:1', Metadata: value }));
        const { changes } = await fixture.actions.preview(await request('weight', 3), signal);
        assert.deepEqual(changes, [{ path: 'metadata.weight', after: '3' }]);
      }
    });

    it('warns of the last endpoint of its service, by the rows of the catalog', async () => {
      const service = `${fixture.prefix}shop`;
      const last = await fixture.actions.preview(await request('remove'), signal);
      assert.match(last.warnings[0] ?? '', /^It is the only endpoint of the service/);
      fixture.rows.push(endpointRow({ service, id: 'e2' }));
      const other = await fixture.actions.preview(await request('remove'), signal);
      assert.doesNotMatch(other.warnings.join('\n'), /only endpoint/);
    });
  });
});

describe('the record of the page', () => {
  const { fixture } = useActions();

  it('is whole, with its metadata', async () => {
    const key = `${fixture.prefix}shop/e1`;
    const value = `{"Addr":"a:1","Metadata":{"note":"${'x'.repeat(1_000_000)}"}}`;
    const { revision } = await fixture.client.kv.put(key, value);
    const record = await fixture.actions.record({ key }, signal);
    assert.deepEqual(record, {
      text: value,
      modRevision: String(revision),
      metadata: { note: 'x'.repeat(1_000_000) },
    });
  });

  it('has U+FFFD for what is not UTF-8, and no metadata if it is not an endpoint', async () => {
    const key = `${fixture.prefix}shop/e1`;
    await fixture.client.kv.put(key, Buffer.from([0x61, 0xff, 0x62]));
    const { text, metadata } = await fixture.actions.record({ key }, signal);
    assert.deepEqual([text, metadata], ['a\ufffdb', undefined]);
  });

  it('has no metadata that is nested deeper than a page can read', async () => {
    const key = `${fixture.prefix}shop/e1`;
    const nested = (depth: number) => `{"Addr":"a:1","Metadata":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    await fixture.client.kv.put(key, nested(9_000));
    const { text, metadata } = await fixture.actions.record({ key }, signal);
    assert.deepEqual([text, metadata], [nested(9_000), undefined]);
    await fixture.client.kv.put(key, nested(3));
    assert.deepEqual((await fixture.actions.record({ key }, signal)).metadata, [[[]]]);
  });

  it('is not found if there is none', async () => {
    const key = `${fixture.prefix}shop/e1`;
    await assert.rejects(fixture.actions.record({ key }, signal), apiError('not-found', /does not exist/));
  });
});
