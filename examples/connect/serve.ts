import { createServer, type Http2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { type EtcdClient, register } from '@org/etcd-naming';
import { Greeter } from './greeter_pb.js';

export const target = 'examples/connect';

/**
 * Starts a connect server on a free port, and registers it. `drain()` ends it without losing a request; `kill()` ends it
 * as a crash does, and leaves its record.
 */
export async function serveGreeter(name: string, client: EtcdClient) {
  const greet = ({ name: whom }: { readonly name: string }) => ({ message: `Hello, ${whom}`, server: name });
  const server = createServer(
    connectNodeAdapter({ routes: (router) => void router.service(Greeter, { sayHello: greet }) }),
  );
  const sessions = new Set<Http2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const registration = await register(client, { target, addr: `127.0.0.1:${port}` });
  const close = (end: (session: Http2Session) => void) =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const session of sessions) end(session);
    });
  return {
    drain: () => registration.drain({ whenIdle: () => close((session) => session.close()) }),
    kill: () => close((session) => session.destroy()),
  };
}
