import assert from 'node:assert/strict';
import { promisify } from 'node:util';
import {
  Client,
  credentials,
  InterceptingCall,
  type Interceptor,
  ListenerBuilder,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { trace } from '@opentelemetry/api';
import { channelTarget, EtcdClient, registerEtcdResolver, registerServer } from '@org/etcd-naming';
import { useEtcd } from '../../support/etcd.js';
import { useOtel } from './use-otel.js';

const path = '/test.Greeter/Hello';
const service: ServiceDefinition = {
  hello: {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: (text: string) => Buffer.from(text),
    requestDeserialize: String,
    responseSerialize: (text: string) => Buffer.from(text),
    responseDeserialize: String,
  },
};

/** Adds the endpoint that serves a call to the span that is active where the call is made. */
const servedBy: Interceptor = (options, nextCall) => {
  const span = trace.getActiveSpan();
  const call = nextCall(options);
  return new InterceptingCall(call, {
    start: (metadata, _listener, next) => {
      const onEnd = new ListenerBuilder().withOnReceiveStatus((status, pass) => {
        const [, address, port] = /^(.*):(\d+)$/.exec(call.getPeer()) ?? [];
        if (address)
          span?.setAttributes({ 'network.peer.address': address, 'network.peer.port': Number(port) });
        pass(status);
      });
      next(metadata, onEnd.build());
    },
  });
};

describe('a call of a stub through etcd:///', () => {
  const etcd = useEtcd();
  const otel = useOtel();

  it('shows the endpoint that served it to an interceptor, which adds it to the span of the caller', async () => {
    await using client = new EtcdClient({ endpoints: etcd().endpoints });
    registerEtcdResolver(client);
    const servers = [new Server(), new Server()];
    const ports: number[] = [];
    const registrations = [];
    for (const server of servers) {
      server.addService(service, {
        hello: (_: unknown, reply: (error: null, text: string) => void) => reply(null, 'hello'),
      });
      const port = await promisify(server.bindAsync.bind(server))(
        '127.0.0.1:0',
        ServerCredentials.createInsecure(),
      );
      assert.ok(port);
      ports.push(port);
      registrations.push(
        await registerServer(server, client, { target: 'services/served', addr: `127.0.0.1:${port}` }),
      );
    }
    const { target, options } = channelTarget('services/served');
    const stub = new Client(target, credentials.createInsecure(), { ...options, interceptors: [servedBy] });
    const hello = () =>
      new Promise<void>((resolve, reject) => {
        stub.makeUnaryRequest(path, Buffer.from, String, 'x', { deadline: Date.now() + 20_000 }, (error) =>
          error ? reject(error) : resolve(),
        );
      });
    for (let i = 0; i < 8; i++) await otel().inSpan(`call ${i}`, hello);
    const served = otel()
      .spans()
      .filter(({ name }) => name.startsWith('call '))
      .map(({ attributes }) => attributes['network.peer.port']);
    assert.equal(served.length, 8);
    assert.deepEqual([...new Set(served)].sort(), [...ports].sort());
    stub.close();
    for (const registration of registrations) await registration.close();
    for (const server of servers) server.forceShutdown();
  });
});
