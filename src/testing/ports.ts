import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * Below the range from which Linux and macOS hand out ports for outgoing connections. While an etcd is down
 * (killed, not yet restarted) its port must not be given to a client's own dial, not even to the very dial that
 * asks whether it is back.
 */
const LOWEST = 15_000;
const HIGHEST = 32_000;

/**
 * Finds ports that are free on loopback at this moment. They are released before they are returned, so a process
 * started at the same time may take one first: whoever starts a server on them must be ready to try again.
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
