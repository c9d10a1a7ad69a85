import assert from 'node:assert/strict';
import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core';

const defaultTimeoutMs = 15_000;

/** The options of a tab; those of its context, and what runs before the page's own code. */
export interface TabOptions extends BrowserContextOptions {
  /** Runs in each document before its code. */
  readonly prelude?: (() => void) | undefined;
  /** Origins other than the page's own that it may send requests to. */
  readonly mayReach?: readonly string[] | undefined;
  /** Messages of the console, and of exceptions, that do not fail the test. */
  readonly expected?: RegExp | undefined;
}

/** A page in a context of its own: what it requests and what it reports is recorded. */
export class BrowserTab {
  readonly page: Page;
  /** All requests of the context, also those that failed. */
  readonly requests: Request[] = [];
  /** Errors and warnings of the console, and exceptions. */
  readonly problems: string[] = [];
  readonly #context: BrowserContext;
  readonly #origins: string[];
  #expected: RegExp | undefined;

  constructor(context: BrowserContext, page: Page, origin: string, options: TabOptions) {
    this.#context = context;
    this.page = page;
    this.#origins = [origin, ...(options.mayReach ?? [])];
    this.#expected = options.expected;
    context.on('request', (request) => this.requests.push(request));
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.problems.push(message.text());
    });
    context.on('weberror', (error) => this.problems.push(String(error.error())));
    page.on('crash', () => this.problems.push('the page crashed'));
    page.on('websocket', (socket) => this.problems.push(`WebSocket to ${socket.url()}`));
  }

  /** From now on these messages do not fail the test. */
  expect(problems: RegExp): void {
    this.#expected = problems;
  }

  /** From now on it may send requests to this origin too. */
  allow(origin: string): void {
    this.#origins.push(origin);
  }

  /** The URLs of the requests to other origins than those that it may reach. */
  get foreignRequests(): readonly string[] {
    const urls = this.requests.map((request) => new URL(request.url()));
    return urls
      .filter(({ protocol, origin }) => protocol !== 'data:' && !this.#origins.includes(origin))
      .map((url) => url.href);
  }

  /** Fails if the page sent a request to such an origin, or reported a problem that is not expected. */
  check(): void {
    assert.deepEqual(this.foreignRequests, []);
    assert.deepEqual(
      this.problems.filter((problem) => !this.#expected?.test(problem)),
      [],
    );
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

/** Opens a URL in a new context and resolves when its document and files are loaded. */
export async function openTab(browser: Browser, url: string, options: TabOptions = {}): Promise<BrowserTab> {
  const { prelude, expected: _, mayReach: __, ...contextOptions } = options;
  const context = await browser.newContext(contextOptions);
  if (prelude) await context.addInitScript(prelude);
  const page = await context.newPage();
  const tab = new BrowserTab(context, page, new URL(url).origin, options);
  page.setDefaultTimeout(defaultTimeoutMs);
  await page.goto(url);
  return tab;
}
