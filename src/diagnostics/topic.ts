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

/** Keys and texts of servers may have any length. */
const maxLineLength = 1_000;

/** A text as one line of a log: without control characters, and cut after 1,000 characters. */
export function toLine(text: string): string {
  const escaped = escapeControls(text);
  return escaped.length > maxLineLength ? `${escaped.slice(0, maxLineLength)}…` : escaped;
}

export function defineTopic<T>(name: string, describe: (event: T) => LogLine): Topic<T> {
  const escaped = (event: T) => {
    const { level, text } = describe(event);
    return { level, text: toLine(text) };
  };
  return { name, channel: openChannel(name), describe: escaped };
}
