import assert from 'node:assert/strict';
import { type Registration, register } from '#src/naming/index.js';
import { eventually } from '../../support/eventually.js';
import { FakeRegistry } from './fake-registry.js';

describe('a registration whose lease ends', () => {
  let registry: FakeRegistry;
  let registration: Registration;

  beforeEach(async () => {
    registry = new FakeRegistry();
    registration = await register(registry.client, { target: 'svc', id: 'e', addr: '10.0.0.7:1' });
  });

  afterEach(() => registration.close());

  it('reports why, and stores the record again under another lease', async () => {
    const errors: string[] = [];
    void (async () => {
      for await (const event of registration.events())
        if (event.type === 'lost') errors.push(event.error?.message ?? '');
    })();
    registry.endLease({ reason: 'lost-contact', unacknowledgedMs: 9_800 });
    await eventually('it is registered again', () => registration.registrationCount === 2);
    assert.deepEqual([registry.counts.grant, registration.lease], [2, 2n]);
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? '', /no renewal of lease .* was acknowledged for 9\.8 s \(TTL 10 s\)/);
  });

  it('ignores the end that its own close() causes', async () => {
    const events: string[] = [];
    const reading = (async () => {
      for await (const { type } of registration.events()) events.push(type);
    })();
    await registration.close();
    registry.endLease({ reason: 'revoked' });
    await reading;
    assert.deepEqual(events, ['ended']);
    assert.equal(registry.counts.grant, 1);
  });
});
