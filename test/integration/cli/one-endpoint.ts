import { EtcdClient } from '#src/client/index.js';
import { EndpointManager } from '#src/naming/index.js';
import type { EtcdHandle } from '#src/testing/index.js';

/**
 * A service with one endpoint, `e1` at 10.0.0.1:1 in zone `a`, under a new name for each test. Create it where hooks may
 * be called; use it inside tests.
 */
export class OneEndpoint {
  client!: EtcdClient;
  manager!: EndpointManager;
  target!: string;
  #round = 0;

  constructor(etcd: () => EtcdHandle, name: string) {
    beforeEach('registers one endpoint', async () => {
      this.client = new EtcdClient({ endpoints: etcd().endpoints });
      this.target = `${etcd().prefix}${name}-${++this.#round}/svc`;
      this.manager = new EndpointManager(this.client, this.target);
      await this.manager.addEndpoint(`${this.target}/e1`, { addr: '10.0.0.1:1', metadata: { zone: 'a' } });
    });

    afterEach(() => this.client.close());
  }
}
