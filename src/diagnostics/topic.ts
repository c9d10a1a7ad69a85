import { escapeControls } from '../errors/index.js';
import { openChannel, type PublishedChannel } from './channel.js';
import type { LogLine } from './log.js';

/** What each event has beside its own members. */
export interface ClientEvent {
  /** The name of the client: the option `name`. */
  readonly client: string;
}

/** A subject of events, with its channel and its texts. */
export interface Topic<T> {
  /** The name of the channel, without `etcd-naming:`. */
  readonly name: string;
  readonly channel: PublishedChannel<T & ClientEvent>;
  /** Describes an event for a log, in one line without control characters. */
  readonly describe: (event: T) => LogLine;
}

export function defineTopic<T>(name: string, describe: (event: T) => LogLine): Topic<T> {
  const escaped = (event: T) => {
    const { level, text } = describe(event);
    return { level, text: escapeControls(text) };
  };
  return { name, channel: openChannel(name), describe: escaped };
}
