import type { IncomingMessage, ServerResponse } from 'node:http';
import { EtcdError } from '../../../index.js';
import { sharedAbortController } from '../../../internal.js';
import { ApiError } from '../ports.js';
import { paths, type SessionReply } from '../protocol/index.js';
import type { ApiHandler } from './api.js';
import type { Asset, Assets } from './assets.js';
import { readJson } from './body.js';
import type { ConnectionLimit } from './connection-limit.js';
import type { EventHub } from './event-hub.js';
import { bearerToken, checkOrigin, type RequestTarget } from './gate.js';
import { securityHeaders } from './headers.js';
import type { AllowedHosts } from './hosts.js';
import { limits } from './limits.js';
import { parseSession } from './requests.js';
import { sendBytes, sendError, sendJson } from './respond.js';
import type { Session, Sessions } from './sessions.js';

export interface RouterOptions {
  readonly hosts: AllowedHosts;
  readonly sessions: Sessions;
  readonly connections: ConnectionLimit;
  readonly assets: Assets;
  readonly hub: EventHub;
  readonly api: ReadonlyMap<string, ApiHandler>;
  /** Is called with an error that is neither etcd's nor an answer to the request: a defect. The page gets no detail of it. */
  readonly onUnexpected: (error: unknown) => void;
}

/** Answers the requests of the page. */
export class Router {
  readonly #options: RouterOptions;
  /** The number of requests of the API that are being answered. */
  #running = 0;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** Never rejects: an error becomes the answer. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A connection that breaks ends the request; there is nothing else to do.
    response.on('error', () => {});
    try {
      await this.#route(request, response);
    } catch (error) {
      if (!response.destroyed && !isExpected(error)) this.#options.onUnexpected(error);
      // A body that was not read would be taken for the next request, or would have to be read to its end.
      const headers = request.complete ? {} : { connection: 'close' };
      sendError(response, error, { headers });
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const { assets, api, hosts } = this.#options;
    const [asset, handler] = [assets.get(path), api.get(path)];
    checkOrigin(request, hosts, targetOf(path, asset));
    if (asset) sendFile(request, response, asset);
    else if (path === paths.events) this.#openStream(request, response);
    else if (path === paths.session) await this.#exchange(request, response);
    else if (handler) await this.#callApi(request, response, handler);
    else throw new ApiError('not-found', 'there is nothing at this path');
  }

  #openStream(request: IncomingMessage, response: ServerResponse): void {
    if (!allowMethod(request, response, 'GET')) return;
    const { signal } = this.#session(request);
    const { hub } = this.#options;
    if (hub.size >= limits.streams) throw new ApiError('busy', `${limits.streams} pages are open already`);
    const end = () => response.end();
    signal.addEventListener('abort', end, { once: true });
    response.once('close', () => signal.removeEventListener('abort', end));
    // A proxy must not collect the messages.
    const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };
    response.writeHead(200, { ...securityHeaders, ...headers, connection: 'close' });
    response.flushHeaders();
    const id = request.headers['last-event-id'];
    hub.open(response, typeof id === 'string' ? id : undefined);
  }

  async #callApi(request: IncomingMessage, response: ServerResponse, handler: ApiHandler): Promise<void> {
    if (!allowMethod(request, response, 'POST')) return;
    // Before the body is read: only a session may cause work.
    this.#session(request);
    const body = await readJson(request);
    if (this.#running >= limits.requests) throw new ApiError('busy', 'too many requests at once');
    const leaving = sharedAbortController();
    response.once('close', () => leaving.abort());
    this.#running++;
    try {
      sendJson(response, await handler(body, leaving.signal));
    } finally {
      this.#running--;
    }
  }

  async #exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!allowMethod(request, response, 'POST')) return;
    const { token } = parseSession(await readJson(request));
    const reply: SessionReply = { session: this.#options.sessions.exchange(token) };
    this.#options.connections.prove(request.socket);
    sendJson(response, reply);
  }

  /** @throws {ApiError} without a session. */
  #session(request: IncomingMessage): Session {
    const token = bearerToken(request);
    const session = token === undefined ? undefined : this.#options.sessions.get(token);
    if (!session) throw new ApiError('unauthorized', 'there is no such session, or it has ended');
    this.#options.connections.prove(request.socket);
    return session;
  }
}

function targetOf(path: string, asset: Asset | undefined): RequestTarget {
  if (path === '/') return 'document';
  return asset ? 'file' : 'api';
}

function isExpected(error: unknown): boolean {
  return error instanceof ApiError || error instanceof EtcdError;
}

function sendFile(request: IncomingMessage, response: ServerResponse, { type, body }: Asset): void {
  // Node sends no body in an answer to HEAD.
  if (request.method === 'HEAD' || allowMethod(request, response, 'GET'))
    sendBytes(response, 200, { 'content-type': type }, body);
}

/** Refuses every other method. */
function allowMethod(request: IncomingMessage, response: ServerResponse, method: string): boolean {
  if (request.method === method) return true;
  const headers = { allow: method, ...(request.complete ? {} : { connection: 'close' }) };
  sendError(response, new ApiError('invalid', `the method must be ${method}`), { status: 405, headers });
  return false;
}
