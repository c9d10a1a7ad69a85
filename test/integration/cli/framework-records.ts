import { EtcdClient } from '#src/client/index.js';
import { useEtcd } from '../../support/etcd.js';
import { CommandRunner } from './support.js';

/** The value of a record of kratos, of the service `shop`. */
export const instance = (id: string, url: string, metadata: object | null = null) =>
  JSON.stringify({ id, name: 'shop', version: 'v1', metadata, endpoints: [url] });

/** The records of two frameworks in an etcd, and the command. Registers mocha hooks. */
export function useFrameworkRecords() {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  const fixture = {} as {
    client: EtcdClient;
    /** kratos's namespace, which is the common prefix of the keys of a test. */
    namespace: string;
    kratosOptions: readonly string[];
  };
  let round = 0;

  beforeEach('stores two records of kratos, and two of go-zero', async () => {
    const client = new EtcdClient({ endpoints: etcd().endpoints });
    const namespace = `${etcd().prefix}codec-${++round}`;
    const kratosOptions = ['--codec', 'kratos', '--codec-prefix', namespace];
    Object.assign(fixture, { client, namespace, kratosOptions });
    await client.kv.put(
      `${namespace}/shop/a1`,
      instance('a1', 'grpc://10.0.0.1:9000', { weight: '300', zone: 'a' }),
    );
    await client.kv.put(`${namespace}/shop/a2`, instance('a2', 'http://10.0.0.2:8000'));
    await client.kv.put(`${namespace}/zero/8236`, '10.0.0.3:8080');
    await client.kv.put(`${namespace}/zero/8237`, '{}');
  });

  afterEach(() => fixture.client.close());

  return { etcd, commands, fixture };
}
