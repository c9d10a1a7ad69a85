// Starts a server, registers it, dials etcd:///… and prints the answer. Afterwards nothing keeps the process alive.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const text = {
  requestSerialize: Buffer.from,
  requestDeserialize: String,
  responseSerialize: Buffer.from,
  responseDeserialize: String,
};
const service = {
  hello: { path: '/pack.Check/Hello', requestStream: false, responseStream: false, ...text },
};

exports.main = async function main({ grpc, naming, proto }, endpoint, name) {
  await checkProtocol(grpc, proto);
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
    caller.hello(name, { deadline: Date.now() + 10_000 }, (error, reply) =>
      error ? reject(error) : resolve(reply),
    );
  });
  console.log(answer);
  caller.close();
  await registration.close();
  await client.close();
  server.forceShutdown();
};

async function checkProtocol(grpc, proto) {
  if (!proto.protoFiles.every((file) => existsSync(join(proto.protoFolder(), file))))
    throw new Error('the package lacks .proto files');
  const { etcdserverpb } = grpc.loadPackageDefinition(await proto.loadProtocol());
  if (etcdserverpb.KV.service.Range.path !== proto.KVService.range.path)
    throw new Error("loadProtocol() has another service than the package's own");
}
