/**
 * The lifecycle of a watcher: its states, what may happen to it, and what follows. The only place that decides about
 * it: `transition` is called by WatcherLifecycle alone, and `npm run diagrams` draws this table in
 * `docs/architecture.md`.
 */

/** The states of a watcher. */
export const phases = {
  new: 'it was requested in the current input',
  pinning: 'it waits for a read of the revision from which "from now on" starts',
  waiting: 'it will be created when its slot has a stream that allows another create',
  creating: 'its create was sent',
  live: 'its create was acknowledged',
  cancelled: 'the server has cancelled or refused it; the current input decides what follows',
  paused: 'it is cancelled on the server until its reader has caught up',
  'backing-off': 'a failure affected only this watcher, which pauses before it is tried again',
  'awaiting-token': 'its token was refused, and a new one is requested',
  ended: 'nothing follows',
} as const;

export type Phase = keyof typeof phases;

/** What may happen to a watcher. The session derives it from inputs and from the outcomes of slots. */
export const triggers = {
  'watch-from-now': 'a new watcher without a start revision',
  'watch-from-revision': 'a new watcher with a start revision',
  pinned: 'the read has returned the revision to start after',
  'create-sent': 'its slot has sent its create',
  acknowledged: 'the server has acknowledged its create',
  'stream-lost': 'the stream of its slot is lost',
  'server-cancelled': 'the server has cancelled or refused it',
  'caught-up': 'on a dedicated slot, it has received all history',
  cleared: 'alone on a dedicated slot, it was stable: it is not the one with oversized responses',
  isolated: 'it is far behind, starts in the future, or may have had an oversized response',
  'slot-outdated': 'its slot, whose stream is lost, was replaced by one with a newer token',
  truncated: 'a proxy has sent one full response, and drops the rest of the history',
  'pin-moved': 'history from before it was ready is compacted, so it starts at a later revision',
  failed: 'a failure affected only this watcher',
  'check-failed': 'the read of a rollback check has failed',
  'token-refused': 'its token was refused, and there is no newer one',
  retry: 'it is tried again: after a pause, with a new token, or immediately',
  'retry-pin': 'the same for a watcher that has to be pinned first',
  'buffer-full': "its reader's buffer is full",
  'buffer-drained': "its reader's buffer has space again",
  unwatched: 'its reader has left',
  'ended-by-error': 'an error ends it: its history is lost, or another attempt would have the same result',
} as const;

export type Trigger = keyof typeof triggers;

/** What a transition does beside changing the state, in order. WatcherLifecycle performs it. */
export type LifecycleEffect =
  /** Leave the slot, if it is on one; cancel it on the server if it is live there. */
  | 'leave-slot'
  /** Move from its slot, if it is on one, to another one, or to the same one. */
  | 'move-to-shared'
  | 'move-to-dedicated'
  | 'move-to-dedicated-or-shared'
  | 'create-again'
  /** Wait for the common pause, the common request for a token, or the common read of the store's revision. */
  | 'schedule-retry'
  | 'await-token'
  | 'await-pin'
  /** Report that it is live, or not; only changes are reported. */
  | 'report-live'
  | 'report-interrupted'
  /** Drop it from the session, and everything that it waits for. */
  | 'forget'
  | 'report-end';

export interface Transition {
  readonly to: Phase;
  readonly effects: readonly LifecycleEffect[];
}

/** For a trigger that arrives too early or too late to have an effect. */
const ignored = 'ignored';

type Row = { readonly [T in Trigger]?: Transition | typeof ignored };

const endedByError = to('ended', 'leave-slot', 'forget', 'report-end');
const lostStream = to('waiting', 'report-interrupted');
const fullBuffer = to('paused', 'leave-slot', 'report-interrupted');
const backOff = to('backing-off', 'leave-slot', 'report-interrupted', 'schedule-retry');
const awaitToken = to('awaiting-token', 'leave-slot', 'await-token');
const toShared = to('waiting', 'move-to-shared');
const toDedicated = to('waiting', 'move-to-dedicated');

/** The entries of every state that lasts beyond the current input. */
const ends: Row = {
  unwatched: to('ended', 'leave-slot', 'forget'),
  'ended-by-error': endedByError,
};
/** The entries of the states in which the watcher waits for a pause or a token. */
const onNoSlot: Row = {
  'pin-moved': ignored, // it is created at the new pin
  'check-failed': ignored, // its next acknowledgement starts another check
  'buffer-full': ignored,
  'buffer-drained': ignored,
  ...ends,
};

/** State × trigger → next state and effects. A trigger without an entry cannot occur: it would be a defect of the session. */
export const transitions: { readonly [P in Phase]: Row } = {
  new: {
    'watch-from-now': to('pinning', 'await-pin'),
    'watch-from-revision': toShared,
  },
  pinning: {
    pinned: toShared,
    failed: backOff,
    'token-refused': awaitToken,
    'buffer-full': ignored,
    'buffer-drained': ignored,
    ...ends,
  },
  waiting: {
    'create-sent': to('creating'),
    'stream-lost': lostStream,
    'slot-outdated': toShared,
    isolated: toDedicated,
    'token-refused': awaitToken,
    retry: toShared,
    failed: backOff,
    'pin-moved': ignored, // it is created at the new pin
    'check-failed': ignored, // its next acknowledgement starts another check
    'buffer-full': fullBuffer, // the events that filled the buffer may also have moved it to another slot
    'buffer-drained': ignored,
    ...ends,
  },
  creating: {
    acknowledged: to('live', 'report-live'),
    'server-cancelled': to('cancelled', 'report-interrupted'),
    'stream-lost': lostStream,
    'pin-moved': ignored, // it is created below the new pin, and events from before that are not delivered
    'check-failed': ignored,
    'buffer-full': fullBuffer,
    'buffer-drained': ignored,
    ...ends,
  },
  live: {
    'server-cancelled': to('cancelled', 'report-interrupted'),
    'stream-lost': lostStream,
    'caught-up': toShared,
    cleared: toShared,
    isolated: toDedicated,
    truncated: to('waiting', 'create-again'),
    'pin-moved': toShared,
    failed: backOff,
    'check-failed': backOff, // its next acknowledgement starts another check
    'buffer-full': fullBuffer,
    'buffer-drained': ignored,
    ...ends,
  },
  cancelled: {
    failed: backOff,
    'token-refused': awaitToken,
    retry: toShared,
    'pin-moved': toShared,
    'retry-pin': to('pinning', 'await-pin'),
    'ended-by-error': endedByError,
  },
  paused: {
    'buffer-drained': to('waiting', 'move-to-dedicated-or-shared'),
    'buffer-full': ignored,
    'pin-moved': ignored,
    'check-failed': ignored,
    ...ends,
  },
  'backing-off': {
    retry: toShared,
    'retry-pin': to('pinning', 'await-pin'),
    ...onNoSlot,
  },
  'awaiting-token': {
    retry: toShared,
    'retry-pin': to('pinning', 'await-pin'),
    failed: backOff,
    ...onNoSlot,
  },
  ended: {},
};

/**
 * Returns the transition; undefined when the input is ignored in this state.
 *
 * @throws {Error} if the table has no entry, which is a defect of the session.
 */
export function transition(phase: Phase, trigger: Trigger): Transition | undefined {
  const next = transitions[phase][trigger];
  if (next === undefined) throw new Error(`internal error: '${trigger}' of a watcher that is ${phase}`);
  return next === ignored ? undefined : next;
}

function to(phase: Phase, ...effects: readonly LifecycleEffect[]): Transition {
  return { to: phase, effects };
}
