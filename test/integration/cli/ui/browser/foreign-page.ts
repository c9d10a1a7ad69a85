import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A page of another origin on this machine. */
export interface ForeignPage extends AsyncDisposable {
  readonly origin: string;
}

/** Serves an empty page, in which a test runs the attempts of an attacker. */
export async function startForeignPage(): Promise<ForeignPage> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>another page</title><body>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What a page of another origin gets; `blocked` is a failure that it cannot look into. */
export interface Attempts {
  readonly [name: string]: string;
}

/**
 * Runs inside the foreign page: tries to read from the server, to write to it, and to embed it.
 * @param body a request that would be accepted from the server's own page.
 */
export async function attack({ origin, body }: { origin: string; body: string }): Promise<Attempts> {
  const blocked = () => 'blocked';
  const read = async (answer: Response) => `${answer.status} ${answer.type} ${await answer.text()}`;
  const fetched = (path: string, init: RequestInit) => fetch(origin + path, init).then(read, blocked);
  const post = { method: 'POST', body };
  return {
    'fetch of the page': await fetched('/', {}),
    'opaque fetch of the page': await fetched('/', { mode: 'no-cors' }),
    'fetch with JSON': await fetched('/api/session', {
      ...post,
      headers: { 'content-type': 'application/json' },
    }),
    'fetch with text': await fetched('/api/session', { ...post, headers: { 'content-type': 'text/plain' } }),
    'opaque fetch with text': await fetched('/api/session', { ...post, mode: 'no-cors' }),
    'fetch with a forged session': await fetched('/api/events', { headers: { authorization: 'Bearer x' } }),
    script: await embedded('script', 'src', `${origin}/app.js`),
    'module script': await embedded('script', 'src', `${origin}/app.js`, { type: 'module' }),
    style: await embedded('link', 'href', `${origin}/app.css`, { rel: 'stylesheet' }),
    image: await embedded('img', 'src', `${origin}/api/events`),
    EventSource: await opened(new EventSource(`${origin}/api/events`)),
    WebSocket: await opened(new WebSocket(origin.replace('http', 'ws'))),
  };

  function embedded(tag: string, url: 'src' | 'href', value: string, attributes = {}): Promise<string> {
    const element = Object.assign(document.createElement(tag), attributes, { [url]: value });
    const result = opened(element, 'load');
    document.body.append(element);
    return result;
  }

  function opened(target: EventTarget, event = 'open'): Promise<string> {
    return new Promise((resolve) => {
      target.addEventListener(event, () => resolve(event));
      target.addEventListener('error', () => resolve('blocked'));
    });
  }
}
