import assert from 'node:assert/strict';
import {
  type EndpointCodec,
  EndpointManager,
  NamingError,
  type RegistrationEvent,
  register,
} from '#src/naming/index.js';
import { eventually } from '../../support/eventually.js';
import { lineCodec } from '../../support/naming/line-codec.js';
import { useRegistrations } from './use-registrations.js';

describe('a registration in the format of a codec', function () {
  this.timeout(30_000);
  const { etcd, opened, fixture, endpoint, start: startDefault } = useRegistrations();
  const keyOf = () => `${etcd().prefix}register/lines/svc/10-0-0-7-50051`;
  const text = async () => {
    const { kv } = await fixture.admin.kv.get(keyOf());
    return kv?.value.toString();
  };
  const codec = (changes: Partial<EndpointCodec> = {}): EndpointCodec => ({
    ...lineCodec,
    keyPrefix: () => `${etcd().prefix}register/lines/svc/`,
    ...changes,
  });
  const start = (options: Parameters<typeof startDefault>[0] = {}) =>
    startDefault({ codec: codec(), ...options });

  it('is stored under the prefix and the id of the codec, in its bytes', async () => {
    const registration = await start({ metadata: { zone: 'a' } });
    assert.equal(registration.key, keyOf());
    assert.equal(await text(), '10.0.0.7:50051 a');
    assert.deepEqual(registration.endpoint, { ...endpoint, metadata: { zone: 'a' } });
    const manager = new EndpointManager(fixture.admin, fixture.target, { codec: codec() });
    const [record] = (await manager.list()).values();
    assert.deepEqual(
      [record?.addr, record?.codec, record?.lease],
      ['10.0.0.7:50051', 'lines', registration.lease],
    );
  });

  it('is stored again after its record is deleted', async () => {
    const registration = await start();
    await fixture.admin.kv.delete(keyOf());
    await eventually('it is stored', async () => registration.registrationCount === 2 && (await text()));
    assert.equal(await text(), '10.0.0.7:50051');
  });

  it('adopts metadata that another writer stores, and restores its address and a value that is not a record', async () => {
    const registration = await start();
    const events: RegistrationEvent[] = [];
    void (async () => {
      for await (const event of registration.events()) events.push(event);
    })();
    const { id: lease } = { id: registration.lease! };
    await fixture.admin.kv.put(keyOf(), '10.0.0.7:50051 b', { lease });
    await eventually('it is adopted', () => events.some(({ type }) => type === 'adopted'));
    assert.deepEqual(registration.endpoint.metadata, { zone: 'b' });
    for (const value of ['10.9.9.9:1 c', 'no line']) {
      await fixture.admin.kv.put(keyOf(), value, { lease });
      await eventually('it is restored', async () => (await text()) === '10.0.0.7:50051 c');
    }
  });

  it('restores its record if the codec does not store the metadata of another writer', async () => {
    const refusing = codec({
      encode: (one, place) => {
        if (JSON.stringify(one.metadata) === '{"zone":"x"}') throw new NamingError('no zone x');
        return lineCodec.encode!(one, place);
      },
    });
    const registration = await start({ codec: refusing, metadata: { zone: 'a' } });
    for (const value of ['10.9.9.9:1 x', '10.0.0.7:50051 x']) {
      await fixture.admin.kv.put(keyOf(), value, { lease: registration.lease! });
      await eventually('it is restored', async () => (await text()) === '10.0.0.7:50051 a');
    }
    await registration.update({ metadata: { zone: 'b' } });
    assert.equal(await text(), '10.0.0.7:50051 b');
  });

  it('has a record for each worker that shares its port', async () => {
    const { pm_id, NODE_APP_INSTANCE } = process.env;
    Object.assign(process.env, { pm_id: '7', NODE_APP_INSTANCE: '2' });
    try {
      assert.equal((await start()).key, `${keyOf()}-2`);
    } finally {
      delete process.env['pm_id'];
      delete process.env['NODE_APP_INSTANCE'];
      if (pm_id !== undefined) Object.assign(process.env, { pm_id });
      if (NODE_APP_INSTANCE !== undefined) Object.assign(process.env, { NODE_APP_INSTANCE });
    }
  });

  it('takes over the record of the same address, and waits for another’s', async () => {
    await fixture.admin.kv.put(keyOf(), '10.0.0.7:50051 old');
    const registration = await start();
    assert.equal(await text(), '10.0.0.7:50051');
    await registration.close();
    await fixture.admin.kv.put(keyOf(), '10.9.9.9:1');
    await assert.rejects(start({ onConflict: 'fail' }), /belongs to another registration/);
  });

  it('refuses an endpoint that the codec cannot store, before anything is written and in an update', async () => {
    await assert.rejects(start({ metadata: { weight: 2 } }), /NamingError: .*a line has no place for weight/);
    assert.equal(await text(), undefined);
    const registration = await start();
    await assert.rejects(registration.update({ metadata: { weight: 2 } }), NamingError);
    await registration.update({ metadata: { zone: 'c' } });
    assert.equal(await text(), '10.0.0.7:50051 c');
  });

  it('is deleted without a status when it is drained, if the codec has none', async () => {
    const registration = await start();
    const values: (string | undefined)[] = [];
    await using watcher = fixture.admin.watch(keyOf());
    await watcher.ready;
    const done = registration.drain({ propagateMs: 0 });
    for await (const { events } of watcher) {
      values.push(...events.map(({ type, kv }) => (type === 'put' ? kv.value.toString() : undefined)));
      if (values.includes(undefined)) break;
    }
    await done;
    assert.deepEqual(
      values.filter((value) => value?.includes('draining')),
      [],
    );
    assert.deepEqual((await registration.ended).reason, 'closed');
  });

  it('is drained like one without a status if the codec refuses it beside metadata that was stored later', async () => {
    const encode: EndpointCodec['encode'] = ({ addr, metadata }) => {
      const members = Object.entries(metadata ?? {});
      if (members.length > 1) throw new NamingError('a line has place for one member');
      return [addr, ...members.map(([, value]) => value)].join(' ');
    };
    const registration = await start({ codec: codec({ canDrain: true, encode }) });
    await registration.update({ metadata: { zone: 'a' } });
    await registration.drain({ propagateMs: 0 });
    assert.equal(await text(), undefined);
    assert.deepEqual(await registration.ended, { reason: 'closed' });
  });

  it('is drained like one without a status if the codec refuses the status', async () => {
    const registration = await start({ codec: codec({ canDrain: true }) });
    await registration.drain({ propagateMs: 0 });
    assert.equal(await text(), undefined);
  });

  it('fails if the codec does not decode what it encodes', async () => {
    const decode = () => {
      throw new Error('a fault');
    };
    await assert.rejects(start({ codec: codec({ decode }) }), /to a value that it cannot decode: .*a fault/);
    assert.equal(await text(), undefined);
  });

  it('rejects with the error of a codec that throws', async () => {
    const refuse = (): never => {
      throw new NamingError('no such name');
    };
    for (const changes of [{ keyPrefix: refuse }, { encode: refuse }, { defaultId: refuse }])
      await assert.rejects(start({ codec: codec(changes) }), /NamingError: .*no such name/);
  });

  for (const [title, defaultId, text] of [
    ['throws', () => assert.fail('oops'), /the codec 'lines' has no id for '10.0.0.7:50051': .*oops/],
    ['returns a promise', () => Promise.reject(new Error('late')), /defaultId\(\) returned a promise/],
  ] as const)
    it(`rejects if defaultId of the codec ${title}`, async () => {
      const changes = { defaultId: defaultId as unknown as () => string };
      await assert.rejects(start({ codec: codec(changes) }), text);
    });

  it('by a codec that only reads is refused', async () => {
    const { encode: _, ...reading } = codec();
    const options = { target: fixture.target, ...endpoint, codec: reading };
    await assert.rejects(register(opened.client(etcd().endpoints), options), /only reads records/);
  });
});
