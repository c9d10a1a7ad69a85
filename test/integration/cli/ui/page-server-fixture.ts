import type { OutgoingHttpHeaders } from 'node:http';
import type { Backend } from '#src/cli/ui/ports.js';
import { type Assets, PageServer } from '#src/cli/ui/server/index.js';
import { FakeCatalog, settings } from '../../../unit/cli/ui/server/fake-catalog.js';
import { RawHttp } from './raw-http.js';

const file = (type: string, text: string) => ({ type, body: Buffer.from(text) });
const assets: Assets = new Map([
  ['/', file('text/html; charset=utf-8', '<!doctype html>')],
  ['/app.js', file('text/javascript; charset=utf-8', 'code()')],
  ['/app.css', file('text/css; charset=utf-8', 'a{}')],
]);

/** The body of a request for an action that the fixture performs. */
export const action = { action: 'remove', key: 'svc/e1', modRevision: '7' };

/**
 * A server of the page for each test, whose backend the test controls. Create it where hooks may be called; use it
 * inside tests.
 */
export class PageServerFixture {
  server!: PageServer;
  http!: RawHttp;
  /** How many actions were performed. */
  performed!: number;
  /** What each request for a record rejects with. */
  failure: unknown;
  /** What the server reported. */
  unexpected!: unknown[];
  /** Whether members and actions wait until the test ends them with `waiting`. */
  isSlow!: boolean;
  waiting!: (() => void)[];
  /** One for each request for members or an action. */
  signals!: AbortSignal[];

  constructor() {
    beforeEach('a server of the page', () => this.#start(false));
    afterEach(() => this.server.close());
  }

  /** Replaces the server by one that is read-only. */
  async restartReadOnly(): Promise<void> {
    await this.server.close();
    await this.#start(true);
  }

  /** Opens a session; returns its headers. */
  session(): Promise<OutgoingHttpHeaders> {
    return this.http.open(this.server.createUrl());
  }

  async #start(readOnly: boolean): Promise<void> {
    this.performed = 0;
    this.failure = undefined;
    this.isSlow = false;
    this.waiting = [];
    this.signals = [];
    this.unexpected = [];
    this.server = await PageServer.start({
      backend: this.#backend(readOnly),
      assets,
      addresses: ['127.0.0.1'],
      publicHost: '127.0.0.1',
      port: 0,
      onUnexpected: (error) => this.unexpected.push(error),
    });
    this.http = new RawHttp(this.server.createUrl());
  }

  #backend(readOnly: boolean): Backend {
    return {
      settings: { ...settings, readOnly },
      catalog: new FakeCatalog(),
      record: async () => {
        throw this.failure;
      },
      leases: async () => ({ leases: {} }),
      members: (signal) => this.#slowly(signal, { members: [] }),
      preview: async () => ({ changes: [], warnings: [] }),
      perform: (_request, signal) => {
        this.performed++;
        return this.#slowly(signal, { revision: '8', changed: true });
      },
    };
  }

  /** Answers when the test says so, if it is slow. */
  #slowly<T>(signal: AbortSignal, answer: T): Promise<T> {
    this.signals.push(signal);
    if (!this.isSlow) return Promise.resolve(answer);
    return new Promise((resolve) => this.waiting.push(() => resolve(answer)));
  }
}
