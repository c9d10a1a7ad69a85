import {
  ClientDiagnostics,
  type DirectoryDiagnostics,
  diagnosticsChannels,
  setDiagnostics,
} from '#src/diagnostics/index.js';
import { Code, EtcdError } from '#src/errors/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import { ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from '../../fake-service.js';
import { followIn } from '../../subscribers.js';

/** A directory on fake mirrors, and the events that it publishes. Registers mocha hooks. */
export function useDirectoryEvents() {
  const fixture = {} as {
    clock: FakeClock;
    etcd: FakeClient;
    directory: ServiceDirectory;
    events: DirectoryDiagnostics[];
  };
  const listener = (event: DirectoryDiagnostics) => fixture.events.push(event);

  beforeEach(() => {
    fixture.clock = new FakeClock();
    fixture.etcd = new FakeClient();
    const now = () => fixture.clock.now();
    setDiagnostics(fixture.etcd, new ClientDiagnostics({ name: 'unnamed', now }));
    fixture.directory = new ServiceDirectory(fixture.etcd.client, directoryClock.set({}, fixture.clock));
    fixture.events = [];
    diagnosticsChannels.directory.subscribe(listener);
  });

  afterEach(() => {
    unsubscribe();
    fixture.etcd.close();
  });

  const unsubscribe = () => diagnosticsChannels.directory.unsubscribe(listener);
  /** Follows the service, which has endpoints at these addresses. */
  const first = async (...addrs: string[]): Promise<FakeMirror> => {
    await followIn(fixture.directory);
    const [mirror] = fixture.etcd.mirrors;
    mirror!.snapshot(...addrs);
    await settled();
    return mirror!;
  };
  /** In steps, within which etcd answers. */
  const advance = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      fixture.clock.advance(500);
      await settled();
    }
  };
  const departures = () =>
    fixture.events.flatMap((event) => (event.type === 'departed' ? `${event.addr} ${event.reason}` : []));

  return { fixture, unsubscribe, first, advance, departures };
}

export const unreachable = new EtcdError('unreachable', { code: Code.UNAVAILABLE, verdict: 'not-applied' });

/** The counts of departures before there is any. */
export const noDepartures = {
  drained: 0,
  'store-replaced': 0,
  invalid: 0,
  deleted: 0,
  'lease-ended': 0,
  unknown: 0,
};
