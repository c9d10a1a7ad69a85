import type { EtcdClient, EtcdError } from '../../index.js';
import type { WatchView } from './view.js';

const repeatMs = 10_000;

/** Tells the view when the watch is cut off and when it goes on; while it is cut off, now and then how long already. */
export async function tellOutages(client: EtcdClient, prefix: string, view: WatchView): Promise<void> {
  let isAway = false;
  for await (const event of client.status()) {
    if (event.type !== 'disconnected' || isAway) continue;
    isAway = true;
    void sitOut(client, prefix, view, event.error).then(() => {
      isAway = false;
    });
  }
}

/**
 * Until a watch is acknowledged again: all share one stream, and those that were there before are first. The client's
 * own `resumed` does not come for a watch that ends instead, and is followed by another one.
 */
async function sitOut(client: EtcdClient, prefix: string, view: WatchView, error: EtcdError): Promise<void> {
  const since = performance.now();
  const tell = () => view.outage(performance.now() - since, error);
  tell();
  const timer = setInterval(tell, repeatMs);
  const probing = new AbortController();
  try {
    await client.watch({ prefix }, { signal: probing.signal }).ready;
    view.recovered(performance.now() - since);
  } catch {
    // Closed, or refused: then the watch itself ends, and says why.
  } finally {
    clearInterval(timer);
    probing.abort();
  }
}
