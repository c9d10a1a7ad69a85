import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How often a free port is looked for that is free at each address. */
const maxAttempts = 10;

/** Servers that listen at one port of several addresses. */
export interface Listening {
  readonly servers: readonly Server[];
  readonly port: number;
}

/**
 * Listens at each of the addresses, with a server for each, or at none. An address that this machine lacks is left out if
 * there is another one.
 * @param port 0 for any that is free.
 * @param create creates a server that does not listen yet.
 * @throws the error of the system, for example if the port is in use at one of the addresses.
 */
export async function listenAt(
  addresses: readonly string[],
  port: number,
  create: () => Server,
): Promise<Listening> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnce(addresses, port, create);
    } catch (error) {
      // The port that the system chose at the first address may be in use at another.
      if (port !== 0 || attempt === maxAttempts || codeOf(error) !== 'EADDRINUSE') throw error;
    }
  }
}

async function listenOnce(
  addresses: readonly string[],
  port: number,
  create: () => Server,
): Promise<Listening> {
  const servers: Server[] = [];
  let chosen = port;
  try {
    for (const [i, address] of addresses.entries()) {
      const server = create();
      const isNeeded = servers.length === 0 && i === addresses.length - 1;
      const used = await listen(server, address, chosen).catch((error: unknown) => {
        if (isNeeded || !isMissing(error)) throw error;
        return undefined;
      });
      if (used === undefined) continue;
      servers.push(server);
      chosen = used;
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return { servers, port: chosen };
}

/** Resolves with the port. Rejects with the error of the system. */
function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      // A connection that the system refuses to open, for lack of file descriptors, is not the end of the others.
      server.on('error', () => {});
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Whether the machine lacks the address, for example because it has no IPv6. */
function isMissing(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error) ?? '');
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
