import type { EtcdClient } from '#src/client/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import type { NamedServer } from '../../support/naming/servers.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

/** Gives each test of a `describe` a resolver and a service. Call it where hooks may be called. */
export function useResolver() {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  const fixture = {} as {
    client: EtcdClient;
    target: string;
    manager: EndpointManager;
    resolver: Disposable;
  };
  let tests = 0;

  beforeEach(() => {
    const client = opened.client(etcd().endpoints);
    const resolver = opened.add(registerEtcdResolver(client), (one) => one[Symbol.dispose]());
    // A service of its own for each test, so that tests do not affect each other.
    const target = `${etcd().prefix}resolver/${++tests}/svc`;
    Object.assign(fixture, { client, resolver, target, manager: new EndpointManager(client, target) });
  });

  afterEach(() => opened.close());

  const put = (server: Pick<NamedServer, 'name' | 'addr'>, metadata: object | null = null) =>
    fixture.manager.addEndpoint(`${fixture.target}/${server.name}`, {
      addr: server.addr,
      metadata: metadata as null,
    });
  const watchers = () => etcd().metric('etcd_debugging_mvcc_watcher_total');
  /** The number of watchers before the test's own; those of the previous test may close late. */
  const watchersBefore = async () => {
    if (etcd().canBreak) await eventually('no watcher is left', async () => (await watchers()) === 0);
    return watchers();
  };
  const untilCallFails = (call: () => Promise<unknown>, timeoutMs?: number) =>
    eventually(
      'a call fails',
      () =>
        call().then(
          () => undefined,
          (error: Error) => error,
        ),
      timeoutMs,
    );

  return { etcd, opened, fixture, put, watchers, watchersBefore, untilCallFails };
}
