import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import type { EtcdError } from '#src/errors/index.js';
import { register } from '#src/naming/index.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually, useClients } from '../client/support.js';

describe('an etcd that is down', () => {
  const { connect } = useClients();
  const unreachable = /^UNAVAILABLE: member 127\.0\.0\.1:\d+: .*ECONNREFUSED/;
  let client: EtcdClient;

  beforeEach(async () => {
    client = connect([await deadEndpoint()]);
  });

  /** Starts a registration that stays pending until `stop()`. */
  function registering(onFailure?: (error: EtcdError) => void) {
    const abort = new AbortController();
    const target = { target: 'texts/down', addr: 'a:1', signal: abort.signal };
    const done = register(client, onFailure ? { ...target, onFailure } : target);
    return {
      async stop() {
        abort.abort();
        await assert.rejects(done, { name: 'AbortError' });
      },
    };
  }

  it('is reported by status() while the first call still waits', async () => {
    let settled = false;
    const events = client.status();
    const call = client.kv.get('a', { timeoutMs: 60_000 }).finally(() => {
      settled = true;
    });
    call.catch(() => {});
    const { value } = await events.next();
    assert.ok(value?.type === 'member-unhealthy' && value.error);
    assert.match(value.error.message, unreachable);
    assert.equal(settled, false);
  });

  it('is reported to onFailure after the first failure, while register() still waits', async () => {
    const failure = await new Promise<EtcdError>((resolve) => {
      const registration = registering((error) => {
        resolve(error);
        void registration.stop();
        throw new Error('a callback that throws');
      });
    });
    assert.match(failure.message, unreachable);
  });

  it('causes a process warning from register() without onFailure', async () => {
    const [warnings, listener] = warningsOf('ETCD_NAMING_REGISTER');
    const registration = registering();
    try {
      await eventually('a warning is emitted', () => warnings.length > 0);
    } finally {
      await registration.stop();
      process.off('warning', listener);
    }
    assert.match(
      String(warnings[0]),
      /^Warning: 'texts\/down\/a:1' is not registered yet; register\(\) keeps trying: UNAVAILABLE: member .*ECONNREFUSED/,
    );
  });
});

function warningsOf(code: string): [Error[], (warning: Error) => void] {
  const warnings: Error[] = [];
  const listener = (warning: Error & { readonly code?: string }) => {
    if (warning.code === code) warnings.push(warning);
  };
  process.on('warning', listener);
  return [warnings, listener];
}

describe('the event for the lost lease of a registration', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  it('states how long no renewal was acknowledged, and the TTL', async function () {
    skipUnlessBreakable(this, etcd());
    const client = connect(etcd().endpoints);
    const registration = await register(client, {
      target: 'texts/lost',
      addr: 'a:1',
      ttlSeconds: 2,
    });
    const events = registration.events();
    await etcd().pause();
    try {
      const { value } = await events.next();
      assert.ok(value?.type === 'lost' && value.error);
      assert.match(
        value.error.message,
        /^UNAVAILABLE: no renewal of lease [0-9a-f]+ \(hex\) was acknowledged for \d+\.\d s \(TTL 2 s\)/,
      );
    } finally {
      await etcd().resume();
      await registration.close();
    }
  });
});
