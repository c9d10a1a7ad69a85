import type { DiagnosticsChannel } from '@org/etcd-naming';

/** Collects what a diagnostics channel publishes in each test. Call it inside a `describe`. */
export function usePublished<T>(channel: DiagnosticsChannel<T>): () => T[] {
  let events: T[] = [];
  const listener = (event: T) => {
    events.push(event);
  };
  beforeEach(() => {
    events = [];
    channel.subscribe(listener);
  });
  afterEach(() => channel.unsubscribe(listener));
  return () => events;
}
