import assert from 'node:assert/strict';
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** Requests to one server, with exactly the headers of the test, and Host unless it has one. */
export class RawHttp {
  readonly port: number;
  readonly #request: typeof httpRequest;
  readonly #ca: string | undefined;

  /** @param ca the authority of the server's certificate, for https. */
  constructor(url: string, ca?: string) {
    const { port, protocol } = new URL(url);
    this.port = Number(port);
    this.#request = protocol === 'https:' ? httpsRequest : httpRequest;
    this.#ca = ca;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  send(path: string, { method = 'GET', headers = {}, body }: RawRequest = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = this.#request({
        ...{ ...this.#tls, host: '127.0.0.1', port: this.port, path, method, setHost: false, agent: false },
        headers: { host: this.host, ...headers },
      });
      request.once('error', reject);
      request.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      });
      request.end(body);
    });
  }

  post(path: string, document: unknown, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    const body = typeof document === 'string' ? document : JSON.stringify(document);
    return this.send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
  }

  /** Exchanges the token of a URL; returns the headers of the session. */
  async open(url: string): Promise<OutgoingHttpHeaders> {
    const { status, body } = await this.post('/api/session', { token: tokenOf(url) });
    assert.equal(status, 200, body);
    return { authorization: `Bearer ${(JSON.parse(body) as { session: string }).session}` };
  }

  /** Opens a response that does not end; a POST, with a body. */
  stream(path: string, headers: OutgoingHttpHeaders, body?: string): RawStream {
    const request = this.#request({
      ...{
        ...this.#tls,
        host: '127.0.0.1',
        port: this.port,
        path,
        agent: false,
        method: body === undefined ? 'GET' : 'POST',
      },
      headers: { host: this.host, ...headers },
    });
    return new RawStream(request, body);
  }

  get #tls(): { ca?: string } {
    return this.#ca === undefined ? {} : { ca: this.#ca };
  }

  /** Writes bytes to a connection and reads until the server closes it. */
  bytes(...parts: readonly string[]): Promise<string> {
    return new Promise((resolve) => {
      const socket: Socket = connect(this.port, '127.0.0.1', () => {
        for (const part of parts) socket.write(part);
      });
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk) => {
        text += chunk;
      });
      socket.once('error', () => {});
      socket.once('close', () => resolve(text));
    });
  }
}

/** A response that is received in parts. */
export class RawStream {
  /** The status. */
  readonly opened: Promise<number>;
  /** Resolves when the server, or the test, ended it. */
  readonly closed: Promise<void>;
  readonly #request: ClientRequest;
  #rest = '';

  constructor(request: ClientRequest, body?: string) {
    this.#request = request;
    this.closed = new Promise((resolve) => request.once('close', resolve));
    this.opened = new Promise((resolve, reject) => {
      request.once('error', reject);
      request.once('response', (response) => {
        response.setEncoding('utf8').on('data', (chunk: string) => this.#add(chunk));
        response.on('error', () => {});
        resolve(response.statusCode ?? 0);
      });
    });
    this.opened.catch(() => {});
    request.end(body);
  }

  /** Is called with each event. */
  onEvent: (event: string) => void = () => {};

  close(): void {
    this.#request.destroy();
  }

  #add(chunk: string): void {
    const events = (this.#rest + chunk).split('\n\n');
    this.#rest = events.pop() ?? '';
    for (const event of events) this.onEvent(event);
  }
}

/** The one-time token of a URL. */
export function tokenOf(url: string): string {
  return /^#token=([\w-]+)$/.exec(new URL(url).hash)?.[1] ?? '';
}

export function codeOf({ body }: Answer): string {
  return (JSON.parse(body) as { error: { code: string } }).error.code;
}

/** The head of a request, from its lines. */
export function headOf(...all: readonly string[]): string {
  return `${all.join('\r\n')}\r\n\r\n`;
}
