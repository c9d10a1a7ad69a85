import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * Below the range from which Linux and macOS assign ports to outgoing connections. While an etcd is down, its port must
 * not be assigned to a client's own connection, not even to the one that checks whether etcd is back.
 */
const LOWEST = 15_000;
const HIGHEST = 32_000;

/**
 * Finds ports that are free on loopback. They are released before they are returned, so another process may take one
 * first: the caller must be ready to retry.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let attempt = 0; found.size < count && attempt < 200; attempt++) {
    const port = await tryPort(randomInt(LOWEST, HIGHEST));
    if (port !== undefined) found.add(port);
  }
  while (found.size < count) found.add(await anyPort());
  return [...found];
}

async function anyPort(): Promise<number> {
  const port = await tryPort(0);
  if (port === undefined) throw new Error('no free TCP port on 127.0.0.1');
  return port;
}

async function tryPort(wanted: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen({ port: wanted, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}
