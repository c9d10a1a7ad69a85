import {
  type AsyncStream,
  Broadcast,
  type Clock,
  OneLoop,
  Subscription,
  secondLoopError,
} from '../async/index.js';
import type { ClientDiagnostics } from '../diagnostics/index.js';
import type { EtcdError } from '../errors/index.js';
import { type Revision, withJson } from '../model/index.js';
import type { StreamStatus } from '../watch/index.js';
import type { MemberEvent } from '../wire/index.js';
import { MemberReporter, type MemberStatus } from './member-diagnostics.js';

/** A background event of the client: about a watch stream, a member, or the list of members. */
export type StatusEvent =
  | {
      /** A watch stream was lost. It is reopened. */
      readonly type: 'disconnected';
      /** The number of the watch stream. A reopened stream keeps its number. */
      readonly stream: number;
      /** Why the stream was lost. */
      readonly error: EtcdError;
    }
  | {
      /** A watch stream will be reopened. */
      readonly type: 'reopening';
      /** The number of the watch stream. */
      readonly stream: number;
      /** The number of this attempt, from 1 after each loss. */
      readonly attempt: number;
      /** The time until the attempt, in milliseconds. */
      readonly delayMs: number;
    }
  | {
      /** A watcher continues. */
      readonly type: 'resumed';
      /** The number of the watch stream. */
      readonly stream: number;
      /** The revision from which the watcher continues. */
      readonly fromRevision: Revision;
      /** The time since its stream was lost, in milliseconds. */
      readonly downMs: number;
    }
  | {
      /** A member sent events that were already delivered, which a correct etcd never does. They were dropped. */
      readonly type: 'duplicates-dropped';
      /** The number of the watch stream. */
      readonly stream: number;
      /** The number of dropped events. */
      readonly events: number;
    }
  | MemberEvent
  | {
      /** A host name or the SRV records cannot be resolved; what was known stays in use, and DNS is asked again. */
      readonly type: 'resolution-failed';
      /** What cannot be resolved, and why. */
      readonly error: EtcdError;
    }
  | {
      /** A periodic sync of the member list failed; it is retried after the interval. */
      readonly type: 'sync-failed';
      /** The error of the sync. */
      readonly error: EtcdError;
    };

const maxQueued = 1_000;

/** Publishes status events to all current subscribers, and those about members on the diagnostics channel. */
export class StatusFeed {
  readonly #clock: Clock;
  readonly #members: MemberReporter;
  readonly #events = new Broadcast<StatusEvent>();
  /** The last outage of each stream. */
  readonly #outages = new Map<number, { readonly since: number; isOver: boolean }>();

  constructor(clock: Clock, diagnostics: ClientDiagnostics) {
    this.#clock = clock;
    this.#members = new MemberReporter(clock, diagnostics);
  }

  onWatchStream(status: StreamStatus): void {
    const now = this.#clock.now();
    switch (status.type) {
      case 'disconnected':
        // A stream that resumed and fails again before it is stable has an attempt above 1: that is a new outage.
        if (status.attempt === 1 || this.#outages.get(status.slot)?.isOver !== false)
          this.#outages.set(status.slot, { since: now, isOver: false });
        this.#publish({ type: 'disconnected', stream: status.slot, error: status.error });
        return;
      case 'reopening':
        this.#publish({
          type: 'reopening',
          stream: status.slot,
          attempt: status.attempt,
          delayMs: status.delayMs,
        });
        return;
      case 'duplicates-dropped':
        this.#publish({ type: 'duplicates-dropped', stream: status.slot, events: status.events });
        return;
      case 'resumed': {
        const outage = this.#outages.get(status.slot);
        if (outage) outage.isOver = true;
        const { slot: stream, fromRevision } = status;
        this.#publish(
          withJson({ type: 'resumed', stream, fromRevision, downMs: now - (outage?.since ?? now) }),
        );
      }
    }
  }

  onMember(event: MemberStatus): void {
    this.#members.report(event);
    this.#publish(event);
  }

  subscribe(signal: AbortSignal | undefined): AsyncStream<StatusEvent> {
    const events = new Subscription<StatusEvent>((put, end) => this.#events.listen(put, end), {
      maxQueued,
      signal,
    });
    return new OneLoop(events, () => secondLoopError('a stream', 'status'));
  }

  close(): void {
    this.#events.end();
  }

  #publish(event: StatusEvent): void {
    this.#events.publish(event);
  }
}
