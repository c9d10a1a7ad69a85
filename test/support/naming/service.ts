import type { EtcdClient } from '#src/client/index.js';
import { type ResolverOptions, registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, type JsonValue } from '#src/naming/index.js';
import { useEtcd } from '../etcd.js';
import { expectNoSocketLeft } from '../sockets.js';
import type { Caller } from './caller.js';
import { Opened } from './opened.js';
import type { NamedServer } from './servers.js';

/**
 * An etcd, and for each test a client and a service that no other test uses. Asserts that no socket is left. Registers
 * mocha hooks.
 *
 * @param folder the beginning of the services' names
 */
export function useService(folder: string) {
  const etcd = useEtcd();
  expectNoSocketLeft();
  let opened: Opened;
  let client: EtcdClient;
  let manager: EndpointManager;
  let service: string;
  let services = 0;

  beforeEach(() => {
    opened = new Opened();
    client = opened.client(etcd().endpoints);
    service = `${etcd().prefix}${folder}/${services++}`;
    manager = new EndpointManager(client, service);
  });

  afterEach(() => opened.close());

  const put = (server: NamedServer, metadata?: JsonValue) =>
    manager.addEndpoint(`${service}/${server.name}`, { addr: server.addr, metadata });

  /** A channel to the service, whose resolver has these options. */
  function dial(options: ResolverOptions): Caller {
    opened.add(registerEtcdResolver(client, options), (one) => one[Symbol.dispose]());
    return opened.caller(`etcd:///${service}`);
  }

  return {
    opened: () => opened,
    client: () => client,
    manager: () => manager,
    service: () => service,
    put,
    dial,
  };
}
