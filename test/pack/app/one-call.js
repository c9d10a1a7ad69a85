// Starts a server, registers it, dials etcd:///… and returns the answer. Afterwards nothing keeps the process alive.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const text = {
  requestSerialize: Buffer.from,
  requestDeserialize: String,
  responseSerialize: Buffer.from,
  responseDeserialize: String,
};
const service = {
  hello: { path: '/pack.Check/Hello', requestStream: false, responseStream: false, ...text },
};

/**
 * @param packages the modules `grpc`, `naming` and `proto`, as the consumer has loaded them
 * @param options.moved whether the program is a bundle in a folder without `node_modules`
 */
export async function oneCall({ grpc, naming, proto }, endpoint, name, { moved = false } = {}) {
  await checkProtocol(grpc, proto, moved);
  checkError(naming);
  const server = new grpc.Server();
  server.addService(service, { hello: (call, reply) => reply(null, `hello, ${call.request}`) });
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const client = new naming.EtcdClient({ endpoints: [endpoint] });
  const target = `pack/${name}/${process.version}`;
  const registration = await naming.register(client, { target, addr: `127.0.0.1:${port}` });
  naming.registerEtcdResolver(client);
  const Client = grpc.makeGenericClientConstructor(service, 'Check');
  const channel = naming.channelTarget(target);
  const caller = new Client(channel.target, grpc.credentials.createInsecure(), channel.options);
  const answer = await new Promise((resolve, reject) => {
    caller.hello(name, { deadline: Date.now() + 20_000 }, (error, reply) =>
      error ? reject(error) : resolve(reply),
    );
  });
  caller.close();
  await registration.close();
  await client.close();
  server.forceShutdown();
  return answer;
}

async function checkProtocol(grpc, proto, moved) {
  const folder = folderOf(proto);
  if ((folder === undefined) !== moved) throw new Error(`protoFolder() returned ${folder}`);
  if (folder !== undefined && !proto.protoFiles.every((file) => existsSync(join(folder, file))))
    throw new Error('the package lacks .proto files');
  const { etcdserverpb } = grpc.loadPackageDefinition(await proto.loadProtocol());
  if (etcdserverpb.KV.service.Range.path !== proto.KVService.range.path)
    throw new Error("loadProtocol() has another service than the package's own");
}

function folderOf(proto) {
  try {
    return proto.protoFolder();
  } catch {
    return undefined;
  }
}

/** A minified class keeps the name of its errors. */
function checkError(naming) {
  let error;
  try {
    new naming.EtcdClient({ endpoints: [''] });
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof naming.InvalidInputError) || error.name !== 'InvalidInputError')
    throw new Error(`a wrong endpoint threw ${error}`);
}
