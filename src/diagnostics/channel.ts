import { channel } from 'node:diagnostics_channel';

/**
 * A named channel of Node's `diagnostics_channel`, with the type of its messages. Subscribers are called synchronously,
 * where the event occurs: they must not throw, and should return quickly.
 */
export interface DiagnosticsChannel<T> {
  /** The name, for `diagnostics_channel.subscribe`. */
  readonly name: string | symbol;
  /** Whether anything subscribes. Nothing is built for a channel without subscribers. */
  readonly hasSubscribers: boolean;
  /** Calls the listener with each event from now on, and with the name of the channel. */
  subscribe(listener: (event: T, name: string | symbol) => void): void;
  /** Ends a subscription, by the listener that `subscribe()` was given. */
  unsubscribe(listener: (event: T, name: string | symbol) => void): void;
}

/** A channel that this package publishes on. */
export interface PublishedChannel<T> extends DiagnosticsChannel<T> {
  /** Calls all listeners with the event, before it returns. */
  publish(event: T): void;
}

/** Opens the channel `etcd-naming:<topic>`. All copies of this package in a process share it. */
export function openChannel<T>(topic: string): PublishedChannel<T> {
  return channel(`etcd-naming:${topic}`) as PublishedChannel<T>;
}
