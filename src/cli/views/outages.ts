import type { EtcdClient, EtcdError } from '../../index.js';
import { formatDuration } from '../output/text.js';
import type { OutageView } from './view.js';

/** The interval at which the duration of an outage is reported again, in milliseconds. */
const repeatMs = 10_000;

/** The text of an outage above what was known before it. */
export function outageText(forMs: number, error: EtcdError | undefined): string {
  const reason = error ? ` (${error.message})` : '';
  return `etcd is unreachable for ${formatDuration(forMs)}, showing the last known state${reason}`;
}

/** Reports to the view when the client loses etcd, how long the outage lasts, and when it ends. */
export async function reportOutages(client: EtcdClient, prefix: string, view: OutageView): Promise<void> {
  let isUnreachable = false;
  for await (const event of client.status()) {
    if (event.type !== 'disconnected' || isUnreachable) continue;
    isUnreachable = true;
    void reportUntilRecovered(client, prefix, view, event.error).then(() => {
      isUnreachable = false;
    });
  }
}

/**
 * Reports one outage until a new watch is acknowledged. Watches share a stream, and earlier ones are resumed first, so
 * by then the watch of the view is live. The client's `resumed` event is not enough: it is missing when a watch ends
 * and is replaced by a new one.
 */
async function reportUntilRecovered(
  client: EtcdClient,
  prefix: string,
  view: OutageView,
  error: EtcdError,
): Promise<void> {
  const since = performance.now();
  const report = () => view.onOutage(performance.now() - since, error);
  report();
  const timer = setInterval(report, repeatMs);
  const probe = new AbortController();
  try {
    await client.watch({ prefix }, { signal: probe.signal }).ready;
    view.onRecovery(performance.now() - since);
  } catch {
    // The client was closed or the request refused. The watch of the view ends with the same error and reports it.
  } finally {
    clearInterval(timer);
    probe.abort();
  }
}
