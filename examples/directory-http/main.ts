// The directory without gRPC: plain HTTP servers by their name, each request to another. `node main.js [etcd endpoint]`
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EtcdClient, register, ServiceDirectory } from '@org/etcd-naming';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });
const target = 'examples/http';

async function start(name: string) {
  const server = createServer((_request, response) => response.end(name));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const registration = await register(client, { target, endpoint: { addr: `127.0.0.1:${port}` } });
  return { server, registration };
}

const servers = [await start('one'), await start('two')];

const directory = new ServiceDirectory(client);
const following = directory.follow(target, { view: () => {}, trouble: () => {} }); // keeps it current
await directory.ready(target, { minEndpoints: 2 });

const answers = new Set<string>();
for (let turn = 0; turn < 4; turn++) {
  const endpoints = directory.get(target)?.endpoints ?? [];
  const chosen = endpoints[turn % endpoints.length];
  const response = await fetch(`http://${chosen?.addr}/`, { headers: { connection: 'close' } });
  answers.add(await response.text());
}
console.log(`answered by ${[...answers].sort().join(' and ')}`);
const { state, source } = directory.status(target);
console.log(`the directory's view is ${state}, and ${source}`);

following();
for (const { server, registration } of servers) {
  await registration.close();
  server.close();
}
await client.close();
