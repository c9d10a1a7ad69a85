import assert from 'node:assert/strict';
import { diagnosticsChannels, type RegistrationDiagnostics } from '@org/etcd-naming';
import { eventually } from '../../support/eventually.js';
import { usePublished } from '../../support/published.js';
import { useRegistrations } from '../naming/use-registrations.js';

const rival = '{"Op":0,"Addr":"10.9.9.9:1","Metadata":{"token":"rivals-secret"}}';

/** Like `registered > registering (lease-ended)`. */
function describeEvent(event: RegistrationDiagnostics): string {
  if (event.type === 'ended') return `ended: ${event.reason}`;
  const { previous, state, cause } = event;
  return previous === state ? `${state} (${cause})` : `${previous} > ${state} (${cause})`;
}

describe('the channel of registrations', () => {
  const { etcd, fixture, start, untilRegisteredAgain } = useRegistrations();
  const published = usePublished(diagnosticsChannels.registration);
  const texts = () => published().map(describeEvent);
  const errorOf = (cause: string) => {
    const found = published().find((event) => event.type === 'state' && event.cause === cause);
    return found?.type === 'state' ? found.error : undefined;
  };
  const metrics = () => fixture.client.metrics();

  it('publishes the states of a registration from its start to its end', async () => {
    const registration = await start();
    await registration.update({ metadata: { weight: 2 } });
    const { key } = fixture;
    const state = { key, state: 'registered', registrations: 1 };
    assert.deepEqual(metrics().registrations, [state]);
    await registration.close();
    assert.deepEqual(texts(), [
      'registering (started)',
      'registering > registered (stored)',
      'registered (updated)',
      'registered > closed (closed)',
      'ended: closed',
    ]);
    assert.ok(published().every((one) => one.key === key && one.addr === '10.0.0.7:50051'));
    assert.ok(published().every(({ client }) => client === fixture.client.name));
    assert.deepEqual(metrics().registrations, []);
    assert.deepEqual(metrics().records, { stored: 1, storedAgain: 0 });
  });

  it('publishes that the record drains', async () => {
    const registration = await start();
    await registration.drain({ propagateMs: 0 });
    assert.deepEqual(texts().slice(2), [
      'registered > draining (draining)',
      'draining (updated)',
      'draining > closed (closed)',
      'ended: closed',
    ]);
  });

  it('publishes that the lease was revoked by another client, and that the record is stored again', async () => {
    const registration = await start();
    await fixture.admin.lease.revoke(registration.lease!);
    await untilRegisteredAgain(registration, 2);
    assert.deepEqual(texts().slice(2), [
      'registered > registering (lease-ended)',
      'registering > registered (stored)',
    ]);
    assert.deepEqual(metrics().records, { stored: 2, storedAgain: 1 });
    assert.deepEqual(
      metrics().registrations.map((one) => one.registrations),
      [2],
    );
  });

  it('publishes that an operator deleted the record', async () => {
    const registration = await start();
    await fixture.admin.kv.delete(fixture.key);
    await untilRegisteredAgain(registration, 2);
    assert.deepEqual(texts().slice(2), [
      'registered > registering (deleted)',
      'registering > registered (stored)',
    ]);
  });

  it('publishes one closed state with onDeleted: stop', async () => {
    const registration = await start({ onDeleted: 'stop' });
    await fixture.admin.kv.delete(fixture.key);
    await registration.ended;
    assert.deepEqual(texts().slice(2), ['registered > closed (deleted)', 'ended: deleted']);
  });

  it('publishes that another registration has the key, and quotes none of its record', async () => {
    await fixture.admin.kv.put(fixture.key, rival);
    const waiting = start({ timeoutMs: 20_000 });
    await eventually('it waits', () => texts().includes('registering > waiting (conflict)'));
    assert.deepEqual(
      metrics().registrations.map(({ state }) => state),
      ['waiting'],
    );
    assert.equal(errorOf('conflict')?.name, 'ConflictError');
    assert.doesNotMatch(JSON.stringify(published()), /rivals-secret/);
    await fixture.admin.kv.delete(fixture.key);
    await waiting;
    assert.deepEqual(texts(), [
      'registering (started)',
      'registering > waiting (conflict)',
      'waiting > registered (stored)',
    ]);
  });

  it('publishes that another writer replaced the record, and quotes none of it', async () => {
    const registration = await start({ onConflict: 'fail' });
    await fixture.admin.kv.put(fixture.key, rival);
    await registration.ended;
    assert.deepEqual(texts().slice(2), ['registered > closed (replaced)', 'ended: replaced']);
    assert.equal(errorOf('replaced')?.name, 'ConflictError');
    assert.match(errorOf('replaced')!.message, /was overwritten by another writer$/);
  });

  it('publishes why a start failed', async () => {
    await fixture.admin.kv.put(fixture.key, rival);
    await assert.rejects(start({ onConflict: 'fail' }));
    await eventually('it ends', () => texts().includes('ended: closed'));
    assert.deepEqual(texts().slice(1), ['registering > closed (conflict)', 'ended: closed']);
    published().splice(0);
    await assert.rejects(start({ timeoutMs: 300 }));
    await eventually('it ends', () => texts().includes('ended: closed'));
    assert.deepEqual(texts().slice(1), [
      'registering > waiting (conflict)',
      'waiting > closed (failed)',
      'ended: closed',
    ]);
    assert.doesNotMatch(JSON.stringify(published()), /rivals-secret/);
  });

  it('publishes a wipe of the store, and the record that is stored after it', async function () {
    if (!etcd().canBreak) return this.skip();
    const registration = await start();
    await etcd().wipe();
    await untilRegisteredAgain(registration, 2);
    const [, stored, ...later] = texts();
    assert.equal(stored, 'registering > registered (stored)');
    assert.match(later[0]!, /^registered > registering \((lease-ended|deleted|failed)\)$/);
    assert.equal(later.at(-1), 'registering > registered (stored)');
    assert.deepEqual(metrics().records, { stored: 2, storedAgain: 1 });
  });
});

describe('a registration without a subscriber', () => {
  const { fixture, start } = useRegistrations();

  it('is counted, and later changes are published to a later subscriber', async () => {
    const { registration: channel } = diagnosticsChannels;
    assert.equal(channel.hasSubscribers, false);
    const registration = await start();
    await registration.update({ metadata: 1 });
    const late: string[] = [];
    const listener = (event: RegistrationDiagnostics) => late.push(describeEvent(event));
    channel.subscribe(listener);
    await registration.close();
    channel.unsubscribe(listener);
    assert.deepEqual(late, ['registered > closed (closed)', 'ended: closed']);
    assert.deepEqual(fixture.client.metrics().records, { stored: 1, storedAgain: 0 });
  });
});
