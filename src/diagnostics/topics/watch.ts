import { CompactedError, type EtcdError, escapeControls } from '../../errors/index.js';
import type { Revision } from '../../model/index.js';
import { debug, info, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/** The watcher that an event concerns. */
export interface WatcherIdentity {
  /** Identifies the watcher among those of its client. */
  readonly watcher: number;
  /** The first key of its range, as text. */
  readonly key: string;
  /** The end of its range, exclusive, as text; undefined for a single key. `'\0'` for all keys from `key` on. */
  readonly rangeEnd: string | undefined;
}

/**
 * Why a watcher was not live. `stream-lost`: its stream ended; `buffer-full`: its reader was too slow; `cancelled`: the
 * server cancelled it, or the client did, to create it again after an answer that it could not use. If several happen
 * before the watcher is live again, the first one counts.
 */
export type InterruptionCause = 'stream-lost' | 'buffer-full' | 'cancelled';

/** An event of `etcd-naming:watch`: the watch streams of a client, and its watchers. */
export type WatchDiagnostics =
  | {
      /** A watch stream was opened on a member. */
      readonly type: 'stream-opened';
      /** The number of the stream. A reopened stream keeps its number. */
      readonly stream: number;
      /** The member's endpoint, as in the client's options. */
      readonly endpoint: string;
    }
  | {
      /** A watch stream was lost, or could not be opened. It is opened again if it still has watchers. */
      readonly type: 'stream-lost';
      /** The number of the stream. */
      readonly stream: number;
      /** How many streams of this number were lost in a row without a delivery, this one included. */
      readonly attempt: number;
      /** The pause before it is opened again, in milliseconds. */
      readonly delayMs: number;
      /** Why it was lost. */
      readonly error: EtcdError;
    }
  | ({
      /** etcd has acknowledged the watcher for the first time. */
      readonly type: 'opened';
      /** The first revision that is delivered. */
      readonly fromRevision: Revision;
    } & WatcherIdentity)
  | ({
      /** etcd has acknowledged the watcher again, also if the history that it needs is compacted: `compacted` follows then. */
      readonly type: 'resumed';
      /** Why it was not live. */
      readonly cause: InterruptionCause;
      /** The revision from which it continues. */
      readonly fromRevision: Revision;
      /** How long it was not live, in milliseconds. */
      readonly downMs: number;
    } & WatcherIdentity)
  | ({
      /**
       * The watcher has received all history. Published for a watcher that had a stream of its own for that, because it was
       * a thousand revisions or more behind, was paused, or starts in the future: it joins the shared stream now.
       */
      readonly type: 'caught-up';
      /** The watcher has received everything up to this revision. */
      readonly revision: Revision;
    } & WatcherIdentity)
  | ({
      /** The buffer is full: the watch is cancelled on the server until half of the events are read. */
      readonly type: 'paused';
      /** The events that wait for the reader. */
      readonly bufferedEvents: number;
      /** The size of their keys and values, in bytes. */
      readonly bufferedBytes: number;
    } & WatcherIdentity)
  | ({
      /** The history that the watcher needs is compacted. It ends with this error: `ended` follows. */
      readonly type: 'compacted';
      /** Why it ended. */
      readonly error: EtcdError;
    } & WatcherIdentity)
  | ({
      /** The watcher ended with this error, once; undefined if its reader or the client ended it. */
      readonly type: 'ended';
      /** Why it ended. */
      readonly error: EtcdError | undefined;
    } & WatcherIdentity)
  | {
      /** A member sent events that were already delivered. They were dropped. */
      readonly type: 'duplicates-dropped';
      /** The number of the stream. */
      readonly stream: number;
      /** How many events were dropped. */
      readonly events: number;
    };

export const watchTopic = defineTopic<WatchDiagnostics>('watch', describe);

function describe(event: WatchDiagnostics): LogLine {
  switch (event.type) {
    case 'stream-opened':
      return debug(`watch stream ${event.stream} is open on ${event.endpoint}`);
    case 'stream-lost':
      return info(
        escapeControls(
          `watch stream ${event.stream} was lost and is opened again in ${Math.round(event.delayMs)} ms: ${event.error.message}`,
        ),
      );
    case 'opened':
      return debug(`${watchOf(event)} is live from revision ${event.fromRevision} on`);
    case 'resumed':
      return info(
        `${watchOf(event)} resumed from revision ${event.fromRevision} after ${Math.round(event.downMs)} ms (${event.cause})`,
      );
    case 'caught-up':
      return debug(`${watchOf(event)} caught up at revision ${event.revision}`);
    case 'paused':
      return info(
        `${watchOf(event)} paused: ${event.bufferedEvents} events (${event.bufferedBytes} bytes) wait for its reader`,
      );
    case 'compacted':
      return warn(escapeControls(`${watchOf(event)} ended: ${event.error.message}`));
    case 'ended':
      return event.error && !(event.error instanceof CompactedError) // which `compacted` has reported
        ? warn(escapeControls(`${watchOf(event)} ended: ${event.error.message}`))
        : debug(`${watchOf(event)} ended`);
    case 'duplicates-dropped':
      return warn(`watch stream ${event.stream}: ${event.events} events were sent twice, and dropped`);
  }
}

function watchOf({ key }: WatcherIdentity): string {
  return escapeControls(`the watch of '${key}'`);
}
