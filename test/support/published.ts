import type { ClientEvent, DiagnosticsChannel } from '@org/etcd-naming';

/**
 * Collects what a diagnostics channel publishes in each test. Call it inside a `describe`. The returned function returns
 * the events so far, of one client if it is given.
 * @param client Only the events of clients with this name. Default: those of all clients.
 */
export function usePublished<T extends ClientEvent>(
  channel: DiagnosticsChannel<T>,
  client?: string,
): (of?: { readonly name: string }) => T[] {
  let events: T[] = [];
  const listener = (event: T) => {
    if (client === undefined || event.client === client) events.push(event);
  };
  beforeEach(() => {
    events = [];
    channel.subscribe(listener);
  });
  afterEach(() => channel.unsubscribe(listener));
  return (of) => (of ? events.filter(({ client: name }) => name === of.name) : events);
}
