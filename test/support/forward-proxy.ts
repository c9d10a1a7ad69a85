import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that passed the proxy, and the text of its answer so far. */
export interface PassedRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  answer: string;
}

/** An HTTP proxy for a browser, whose connections a test can cut. */
export interface ForwardProxy extends AsyncDisposable {
  /** For the option `proxy` of a context. */
  readonly server: string;
  readonly passed: readonly PassedRequest[];
  /** Resets all connections; until `heal()`, new ones too. */
  cut(): void;
  heal(): void;
}

/** Starts a proxy that forwards plain HTTP and records it. */
export async function startForwardProxy(): Promise<ForwardProxy> {
  const passed: PassedRequest[] = [];
  let isCut = false;
  const server = createServer((incoming, response) => {
    if (isCut) incoming.socket.resetAndDestroy();
    else forward(incoming, response, passed);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    cut() {
      isCut = true;
      server.closeAllConnections();
    },
    heal() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Ends each side when the other ends. */
function forward(incoming: IncomingMessage, response: ServerResponse, passed: PassedRequest[]): void {
  const { method, headers } = incoming;
  const url = new URL(incoming.url ?? '');
  const record: PassedRequest = { path: url.pathname, headers, answer: '' };
  passed.push(record);
  // Browsers resolve names below localhost themselves; the system may not.
  const host = url.hostname.endsWith('.localhost') ? '127.0.0.1' : url.hostname;
  const { port, pathname, search } = url;
  const target = { host, port, path: pathname + search };
  const onward = request({ ...target, method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    answer.on('data', (bytes: Buffer) => {
      record.answer += bytes.toString();
    });
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  incoming.pipe(onward);
}
