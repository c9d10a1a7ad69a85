import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EtcdClient, register } from '@org/etcd-naming';

export const target = 'examples/http';

/**
 * Starts an HTTP server on a free port that answers with its name, and registers it. `drain()` ends it without losing a
 * request; `kill()` ends it as a crash does, and leaves its record.
 */
export async function serveHttp(name: string, client: EtcdClient) {
  const server = createServer((_request, response) => response.end(name));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const registration = await register(client, { target, addr: `127.0.0.1:${port}` });
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const kill = () => {
    const closed = close();
    server.closeAllConnections();
    return closed;
  };
  return { drain: () => registration.drain({ whenIdle: close }), kill };
}
