import { useEffect } from 'preact/hooks';

/**
 * Repeats a request while the component is shown and the page is visible: at once, and then the interval after each
 * answer, so that a slow command has one request at a time. It starts again when `key` changes.
 */
export function usePoll(key: string, intervalMs: number, poll: (signal: AbortSignal) => Promise<void>): void {
  useEffect(() => {
    const abort = new AbortController();
    void repeat(intervalMs, poll, abort.signal);
    return () => abort.abort();
  }, [key]);
}

async function repeat(
  intervalMs: number,
  poll: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await whenVisible(signal);
    await poll(signal);
    await pause(intervalMs, signal);
  }
}

function whenVisible(signal: AbortSignal): Promise<void> {
  if (!document.hidden || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const onChange = () => document.hidden || resolve();
    document.addEventListener('visibilitychange', onChange, { signal });
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
