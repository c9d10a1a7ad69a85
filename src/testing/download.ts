import { onAbort } from '../async/index.js';

/** The limits of a download. */
export interface DownloadLimits {
  /** The maximum time until the response headers, in milliseconds, redirects included. */
  readonly firstByteMs: number;
  /** The maximum time without a byte of the body, in milliseconds. */
  readonly idleMs: number;
  /** Whether every server must prove its identity, after a redirect too. */
  readonly onlyHttps: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A release archive has about 25 MB. A download ten times that size is not one. */
const MAX_BYTES = 256 * 1024 * 1024;

const maxRedirects = 5;

/** Downloads a URL. `onProgress` gets the bytes so far and, if the server sends it, the total. */
export async function download(
  url: string,
  limits: DownloadLimits,
  onProgress: (bytes: number, total: number | undefined) => void = () => {},
): Promise<Buffer> {
  const watchdog = new Watchdog(limits.signal);
  try {
    watchdog.expect('answer', limits.firstByteMs);
    const response = await request(url, limits.onlyHttps, watchdog.signal);
    if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
    const total = Number(response.headers.get('content-length')) || undefined;
    return await readBody(
      response.body,
      () => watchdog.expect('data', limits.idleMs),
      (n) => onProgress(n, total),
    );
  } catch (error) {
    limits.signal?.throwIfAborted();
    throw new Error(url, { cause: watchdog.signal.aborted ? watchdog.signal.reason : rootOf(error) });
  } finally {
    watchdog.stop();
  }
}

/** Follows redirects itself, because `fetch` silently follows a redirect from https to http. */
async function request(url: string, onlyHttps: boolean, signal: AbortSignal): Promise<Response> {
  for (let at = url, redirects = 0; redirects <= maxRedirects; redirects++) {
    if (onlyHttps && !isHttps(at)) throw new Error(`leads to ${at}, which is not https`);
    const response = await fetch(at, { signal, redirect: 'manual' });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    at = new URL(location, at).href;
  }
  throw new Error(`more than ${maxRedirects} redirects`);
}

export function isHttps(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === 'https:';
}

async function readBody(
  body: AsyncIterable<Uint8Array>,
  beforeEach: () => void,
  onProgress: (bytes: number) => void,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  beforeEach();
  for await (const part of body) {
    beforeEach();
    size += part.length;
    if (size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    parts.push(part);
    onProgress(size);
  }
  return Buffer.concat(parts);
}

/** Aborts its signal if an expected event does not happen in time. Each expectation replaces the previous one. */
class Watchdog {
  readonly #controller = new AbortController();
  readonly #release: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(outer: AbortSignal | undefined) {
    this.#release = onAbort(outer, (reason) => this.#controller.abort(reason));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  expect(what: string, withinMs: number): void {
    clearTimeout(this.#timer);
    const giveUp = () => this.#controller.abort(new Error(`no ${what} within ${withinMs} ms`));
    this.#timer = setTimeout(giveUp, withinMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#release();
  }
}

/** `fetch` only reports "fetch failed"; the reason is its cause. */
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
