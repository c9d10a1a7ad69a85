import { type EtcdError, escapeControls } from '../../errors/index.js';
import { debug, info, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/** An event of `etcd-naming:lock`, and of `etcd-naming:election` for the terms of candidates. */
export type OwnershipDiagnostics =
  | {
      /** The caller joins the queue of the lock, or the election. */
      readonly type: 'waiting';
      /** The name of the lock or the election, as text, as the server sees it: after the prefix of a namespace. */
      readonly name: string;
    }
  | {
      /** The lock is held, or the candidate was elected. */
      readonly type: 'acquired';
      /** The name of the lock or the election, as text, as the server sees it: after the prefix of a namespace. */
      readonly name: string;
      /** The fencing token: the revision from which on it is owned. */
      readonly token: bigint;
      /** How long the caller waited, in milliseconds. */
      readonly waitedMs: number;
    }
  | {
      /** It is owned no longer, without a release. */
      readonly type: 'lost';
      /** The name of the lock or the election, as text, as the server sees it: after the prefix of a namespace. */
      readonly name: string;
      /** The fencing token of `acquired`. */
      readonly token: bigint;
      /** How long it was owned, in milliseconds. */
      readonly heldMs: number;
      /** Why it was lost: a {@link LockLostError}. */
      readonly error: EtcdError;
    }
  | {
      /** The owner released it. */
      readonly type: 'released';
      /** The name of the lock or the election, as text, as the server sees it: after the prefix of a namespace. */
      readonly name: string;
      /** The fencing token of `acquired`. */
      readonly token: bigint;
      /** How long it was owned, in milliseconds. */
      readonly heldMs: number;
    }
  | {
      /** It was not acquired: the wait was aborted, or failed, or `tryLock` found a holder. */
      readonly type: 'not-acquired';
      /** The name of the lock or the election, as text, as the server sees it: after the prefix of a namespace. */
      readonly name: string;
      /** The reason; undefined if `tryLock` found a holder. */
      readonly error: unknown;
    };

export const lockTopic = defineTopic<OwnershipDiagnostics>('lock', (event) => describe(event, 'the lock'));
export const electionTopic = defineTopic<OwnershipDiagnostics>('election', (event) =>
  describe(event, 'the election'),
);

function describe(event: OwnershipDiagnostics, kind: string): LogLine {
  const what = escapeControls(`${kind} '${event.name}'`);
  switch (event.type) {
    case 'waiting':
      return debug(`waits for ${what}`);
    case 'acquired':
      return info(`owns ${what} with token ${event.token} after ${Math.round(event.waitedMs)} ms`);
    case 'lost':
      return warn(
        escapeControls(`lost ${what} after ${Math.round(event.heldMs)} ms: ${event.error.message}`),
      );
    case 'released':
      return info(`released ${what} after ${Math.round(event.heldMs)} ms`);
    case 'not-acquired':
      return debug(`did not acquire ${what}`);
  }
}
