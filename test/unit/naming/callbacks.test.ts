import assert from 'node:assert/strict';
import { Server } from '@grpc/grpc-js';
import { ClientDiagnostics } from '#src/diagnostics/index.js';
import { DeadlineError } from '#src/errors/index.js';
import { type HealthReporter, registerServer } from '#src/index.js';
import { type Mirror, MirrorImpl, type MirrorPorts, type MirrorUpdate } from '#src/mirror/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import { ServiceConfigSource } from '#src/naming/grpc/resolver/service-config-source.js';
import {
  type NamingClient,
  register,
  ServiceDirectory,
  type ServiceSubscriber,
  type SnapshotStore,
} from '#src/naming/index.js';
import { InitialFailureReporter } from '#src/naming/register/initial-failure-reporter.js';
import { resolveSettings } from '#src/testing/options.js';
import { FakeClock } from '../lease/fakes.js';
import { FakeWatch } from '../watch/fake-watch.js';
import { FakeRegistry } from './fake-registry.js';
import { FakeClient, settled } from './fake-service.js';

/** Ways in which a caller's callback fails; the last error cannot be converted to a string. */
const failing: readonly (readonly [how: string, callback: () => never])[] = [
  [
    'throws',
    () => {
      throw new Error('of the caller');
    },
  ],
  ['rejects', (() => Promise.reject(new Error('of the caller'))) as () => never],
  [
    'throws a value that has no text',
    () => {
      throw Object.create(null);
    },
  ],
];

/**
 * Runs the work, in which a callback fails: the only consequence is process warnings that begin with the text;
 * undefined: none.
 */
async function assertOnlyWarns(text: string | undefined, work: () => Promise<void>): Promise<void> {
  const unhandled: unknown[] = [];
  const warnings: (Error & { code?: string })[] = [];
  const record = (error: unknown) => void unhandled.push(error);
  const recordWarning = (warning: Error) => void warnings.push(warning);
  process.on('unhandledRejection', record);
  process.on('warning', recordWarning);
  try {
    await work();
    await settled();
  } finally {
    process.off('unhandledRejection', record);
    process.off('warning', recordWarning);
  }
  assert.deepEqual(unhandled, []);
  assert.equal(warnings.length > 0, text !== undefined, `${warnings.length} warnings`);
  for (const { code, message } of warnings) {
    assert.match(code ?? '', /^ETCD_NAMING_(CALLBACK|HEALTH)$/);
    assert.ok(message.startsWith(`${text} `), message);
    assert.match(message, /: (Error: of the caller|an object without a text|\w+: an object without a text)$/);
  }
}

/** A mirror whose first list fails. */
function failingMirror(onFailure: () => never): Mirror {
  let lists = 0;
  const stream = async function* () {
    if (lists++ === 0) throw new DeadlineError('no answer');
    yield { kvs: [], revision: 5n };
  };
  const ports = {
    kv: { range: () => assert.fail('no read'), stream },
    watch: new FakeWatch().client,
    store: { epoch: 0 },
    random: () => 0,
    diagnostics: new ClientDiagnostics({ name: 'fake' }),
  } as unknown as MirrorPorts;
  return new MirrorImpl(ports, { prefix: 'k' }, { onFailure });
}

for (const [how, fail] of failing)
  describe(`a callback that ${how}`, () => {
    it('does not stop a mirror: onFailure', () =>
      assertOnlyWarns('onFailure of a mirror failed:', async () => {
        const updates = failingMirror(fail)[Symbol.asyncIterator]();
        const { value } = await updates.next();
        assert.equal((value as MirrorUpdate).type, 'snapshot');
        await updates.return(undefined);
      }));

    it('does not stop a directory or its other subscribers: a subscriber', () =>
      assertOnlyWarns('a subscriber failed:', async () => {
        const etcd = new FakeClient();
        const directory = new ServiceDirectory(etcd.client, directoryClock.set({}, new FakeClock()));
        const seen: number[] = [];
        const bad: ServiceSubscriber = { onView: fail, onFailure: fail };
        directory.follow('svc', bad);
        directory.follow('svc', { onView: (view) => seen.push(view.endpoints.length), onFailure: () => {} });
        etcd.mirrors[0]?.failure(new DeadlineError('no answer'));
        etcd.mirrors[0]?.snapshot('a:1');
        await settled();
        etcd.mirrors[0]?.put('b:1', '{"Addr":"b:1"}');
        await settled();
        assert.deepEqual(seen, [1, 2]);
        await directory.close();
        directory.follow('svc', bad);
      }));

    it('does not stop a directory: a snapshot store', () =>
      assertOnlyWarns(undefined, async () => {
        const etcd = new FakeClient();
        const clock = new FakeClock();
        const snapshots: SnapshotStore = { load: fail, save: fail };
        const directory = new ServiceDirectory(etcd.client, directoryClock.set({ snapshots }, clock));
        const seen: number[] = [];
        directory.follow('svc', { onView: (view) => seen.push(view.endpoints.length), onFailure: () => {} });
        clock.advance(1_500);
        await settled();
        etcd.mirrors[0]?.snapshot('a:1');
        await settled();
        clock.advance(1_500);
        await settled();
        assert.deepEqual(seen, [1]);
        assert.ok(directory.status('svc').snapshotError);
        await directory.close();
      }));

    it('does not stop a registration: onFailure', () =>
      assertOnlyWarns('onFailure of register() failed:', async () => {
        const failure = new InitialFailureReporter({} as NamingClient, 'svc/e', fail);
        failure.report(new DeadlineError('no answer'));
        failure.close();
      }));

    it('does not stop a drain: whenIdle', () =>
      assertOnlyWarns('whenIdle of drain() failed:', async () => {
        const registration = await register(new FakeRegistry().client, {
          target: 'svc',
          id: 'e',
          addr: 'h:1',
        });
        await registration.drain({ propagateMs: 0, whenIdle: fail });
        assert.equal(registration.state, 'closed');
      }));

    it('stops neither a registration nor its drain: a health reporter', () =>
      assertOnlyWarns('the health reporter failed to set', async () => {
        const health: HealthReporter = { setStatus: fail };
        const server = new Server();
        const registration = await registerServer(server, new FakeRegistry().client, {
          target: 'svc',
          id: 'e',
          addr: 'h:1',
          health,
        });
        await registration.drain({ propagateMs: 0 });
        assert.equal(registration.state, 'closed');
      }));

    it('does not stop service configs from being followed: onFailure', () =>
      assertOnlyWarns('serviceConfig.onFailure failed:', async () => {
        const etcd = new FakeClient();
        const configs = new ServiceConfigSource({ prefix: 'config/', onFailure: fail }, [
          { round_robin: {} },
        ]);
        const seen: unknown[] = [];
        const leave = configs.follow(etcd.client, 'svc', (config) => seen.push(config?.loadBalancingConfig));
        etcd.mirrors[0]?.values({ bad: '{' });
        await settled();
        etcd.mirrors[0]?.values({ good: '{"loadBalancingConfig":[{"pick_first":{}}]}' });
        await settled();
        assert.deepEqual(seen.at(-1), [{ pick_first: {} }]);
        leave();
      }));

    it('does not stop the start of an etcd: onProgress', () =>
      assertOnlyWarns('onProgress failed:', async () =>
        resolveSettings({ onProgress: fail }).progress.line('fetching'),
      ));
  });

describe('whenIdle', () => {
  it('that rejects after the time of the drain is up causes a process warning', () =>
    assertOnlyWarns('whenIdle of drain() failed:', async () => {
      let reject: (error: Error) => void = () => {};
      const busy = new Promise<void>((_, fail) => {
        reject = fail;
      });
      const registration = await register(new FakeRegistry().client, { target: 'svc', id: 'e', addr: 'h:1' });
      await registration.drain({ propagateMs: 0, timeoutMs: 20, whenIdle: () => busy });
      reject(new Error('of the caller'));
    }));

  it('of the drain of a server causes a process warning when it rejects', () =>
    assertOnlyWarns('whenIdle of drain() failed:', async () => {
      const server = new Server();
      const options = { target: 'svc', id: 'e', addr: 'h:1' };
      const registration = await registerServer(server, new FakeRegistry().client, options);
      const whenIdle = () => Promise.reject(new Error('of the caller'));
      await registration.drain({ propagateMs: 0, whenIdle });
    }));
});

describe('a getter in metadata that throws', () => {
  it('fails the update that it is part of, and nothing else', async () => {
    const registration = await register(new FakeRegistry().client, {
      target: 'svc',
      id: 'e',
      addr: 'h:1',
    });
    const get = () => assert.fail('of the caller');
    const metadata = Object.defineProperty({}, 'weight', { get, enumerable: true }) as never;
    await assert.rejects(registration.update({ metadata }), /of the caller/);
    await registration.update({ metadata: { weight: 2 } });
    assert.equal(registration.state, 'registered');
    await registration.close();
  });
});
