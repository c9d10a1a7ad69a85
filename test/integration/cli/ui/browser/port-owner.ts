import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that another program ran on the port of the command before. */
export interface PortOwner extends AsyncDisposable {
  readonly port: number;
}

const mark = 'document.documentElement.dataset.stolen = location.hash;';
const worker = `
  addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => event.respondWith(
    new Response('<!doctype html><script>${mark}</script>', { headers: { 'content-type': 'text/html' } })));
`;
const page = `<!doctype html><title>earlier</title><script src="/app.js"></script>
  <script>navigator.serviceWorker.register('/worker.js');</script>`;

/** Serves a page that leaves a service worker and a cached `/app.js` in the browser, which mark the document. */
export async function startPortOwner(): Promise<PortOwner> {
  const server = createServer(({ url }, response) => {
    const isScript = url?.endsWith('.js') ?? false;
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.setHeader('cache-control', 'max-age=31536000, immutable');
    response.end(url === '/worker.js' ? worker : isScript ? mark : page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
