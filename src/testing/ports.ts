import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/**
 * Below the range from which Linux and macOS assign ports to outgoing connections. While an etcd is down, its port must
 * not be assigned to a client's own connection, not even to the one that checks whether etcd is back.
 */
const LOWEST = 15_000;
const HIGHEST = 32_000;
/** Each process takes ports of one part, and listens on the part's first port to keep other processes out. */
const PARTS = 34;
const PART_SIZE = (HIGHEST - LOWEST) / PARTS;

interface Ports {
  readonly first: number;
  readonly count: number;
}

let part: Promise<Ports> | undefined;
let taken = randomInt(HIGHEST);

/**
 * Finds ports that are free on loopback. A port is returned again only after all others of the process's part, so no
 * process that starts etcds takes the port of an etcd that is down. Other programs may take it: the caller must retry.
 */
export async function freePorts(count: number): Promise<number[]> {
  part ??= claimPart();
  const ports = await part;
  const found: number[] = [];
  for (let tried = 0; found.length < count && tried < ports.count; tried++) {
    const port = ports.first + (taken++ % ports.count);
    if (await isFree(port)) found.push(port);
  }
  while (found.length < count) found.push(await anyPort());
  return found;
}

/** A part that no other process has; with too many processes, all ports. */
async function claimPart(): Promise<Ports> {
  const start = randomInt(PARTS);
  for (let i = 0; i < PARTS; i++) {
    const first = LOWEST + ((start + i) % PARTS) * PART_SIZE;
    const guard = await listenOn(first);
    if (!guard) continue;
    guard.unref();
    return { first: first + 1, count: PART_SIZE - 1 };
  }
  return { first: LOWEST, count: HIGHEST - LOWEST };
}

async function isFree(port: number): Promise<boolean> {
  const server = await listenOn(port);
  server?.close();
  return server !== undefined;
}

async function anyPort(): Promise<number> {
  const server = await listenOn(0);
  if (!server) throw new Error('no free TCP port on 127.0.0.1');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** `exclusive`, because workers of node:cluster would share the port. */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => void socket.destroy());
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
