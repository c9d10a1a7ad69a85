import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EtcdClient, register } from '@org/etcd-naming';

export const target = 'examples/http';

/** A registered HTTP server on a free port, which answers with its name; `drain()` ends it without a request lost. */
export async function serveHttp(name: string, client: EtcdClient) {
  const server = createServer((_request, response) => response.end(name));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const registration = await register(client, { target, addr: `127.0.0.1:${port}` });
  const closed = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { drain: () => registration.drain({ whenIdle: closed }) };
}
