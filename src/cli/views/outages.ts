import type { EtcdClient, EtcdError } from '../../index.js';
import { formatDuration } from '../output/text.js';
import type { OutageView } from './view.js';

/** An outage of etcd up to now. */
export interface Outage {
  /** Milliseconds since it began. */
  readonly forMs: number;
  readonly error: EtcdError | undefined;
}

/** Measures an outage that has lasted `forMs` by now: the function returns it with its duration at the time of the call. */
export function measureOutage(forMs: number, error: EtcdError | undefined, now: () => number): () => Outage {
  const since = now() - forMs;
  return () => ({ forMs: now() - since, error });
}

/** The text of an outage above what was known before it. */
export function outageText({ forMs, error }: Outage): string {
  const reason = error ? ` (${error.message})` : '';
  return `etcd is unreachable for ${formatDuration(forMs)}, showing the last known state${reason}`;
}

/** The line of an outage in a pipe. */
export function outageLine({ forMs, error }: Outage): string {
  const reason = error ? `: ${error.message}` : '';
  return `outage etcd is unreachable for ${formatDuration(forMs)}${reason}`;
}

/** The members of an outage in JSON. */
export function outageToJson({ forMs, error }: Outage): object {
  return { forMs: Math.round(forMs), error: error?.message ?? null };
}

/** Reports to the view when the client loses etcd, and when the outage ends and how long it lasted. */
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
  view.onOutage(0, error);
  const probe = new AbortController();
  try {
    await client.watch({ prefix }, { signal: probe.signal }).ready;
    view.onRecovery(performance.now() - since);
  } catch {
    // The client was closed or the request refused. The watch of the view ends with the same error and reports it.
  } finally {
    probe.abort();
  }
}
