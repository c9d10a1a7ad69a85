import { backoffDelay } from '../../async/backoff.js';
import { Code, CompactedError, type EtcdError, errorFromServer } from '../../errors/index.js';
import type { Revision } from '../../model/index.js';
import { CreateQueue } from './create-queue.js';
import type { WatchReply } from './cursor.js';
import type { TimerName, WatchEffect, WatcherKey, WatchInput } from './protocol.js';
import { survives } from './stream-fate.js';
import { WatcherState } from './watcher-state.js';

export interface SessionOptions {
  /** The id of the first watch; counted up from here and never used twice. High, so that no server's own id meets it. */
  readonly firstWatchId: bigint;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
}

/** Between two streams: short, since a member that restarts is back in a moment and another one is there at once. */
const reopen = { baseMs: 50, maxMs: 5_000 };
/** grpc-js itself never gives up on a peer that accepts and stays silent. */
const attachMs = 10_000;
/** A stream alive for so long without a word is a quiet one, not a failing one. */
const settledMs = 30_000;

/**
 * Any number of watchers on one gRPC stream, and what becomes of them when it is lost. Pure: inputs in, effects out,
 * no clock, no socket. The order of effects is the order in which they are to be performed.
 */
export class WatchSession {
  readonly #random: () => number;
  readonly #watchers = new Map<WatcherKey, WatcherState>();
  /** Those in phase `waiting`, first come first served. */
  readonly #waiting = new Set<WatcherState>();
  readonly #byWatchId = new Map<bigint, WatcherState>();
  #nextWatchId: bigint;
  #stream: { readonly creates: CreateQueue } | undefined;
  /** Streams lost in a row without anything delivered on them. */
  #failures = 0;
  #reopening = false;
  /** Those whose pin failed, until the pause before the next try is over. */
  readonly #unpinned = new Set<WatcherState>();
  #pinFailures = 0;
  #effects: WatchEffect[] = [];

  constructor(options: SessionOptions) {
    this.#nextWatchId = options.firstWatchId;
    this.#random = options.random;
  }

  handle(input: WatchInput): readonly WatchEffect[] {
    this.#take(input);
    this.#advance();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #take(input: WatchInput): void {
    switch (input.type) {
      case 'watch': {
        const state = new WatcherState(input.watcher, input.startRevision);
        this.#watchers.set(input.watcher, state);
        if (state.phase === 'pinning') this.#effects.push({ type: 'pin', watcher: input.watcher });
        else this.#waiting.add(state);
        return;
      }
      case 'pinned':
        this.#pinned(input.watcher, input.revision);
        return;
      case 'pin-failed':
        this.#pinFailed(input.watcher, input.error);
        return;
      case 'unwatch':
        this.#leave(input.watcher);
        return;
      case 'full':
        this.#pause(input.watcher);
        return;
      case 'drained':
        this.#resume(input.watcher);
        return;
      case 'reply':
        this.#reply(input.watchId, input.reply);
        return;
      case 'stream-lost':
        this.#streamLost(input.error);
        return;
      case 'timer':
        this.#timer(input.timer);
    }
  }

  /** Opens, fills and closes the stream as the watchers' phases ask for it. */
  #advance(): void {
    if (this.#watchers.size === 0) {
      this.#closeStream(false);
      return;
    }
    if (this.#waiting.size === 0 || this.#reopening) return;
    if (!this.#stream) {
      this.#stream = { creates: new CreateQueue() };
      this.#effects.push(
        { type: 'open-stream' },
        { type: 'arm-timer', timer: 'settled', delayMs: settledMs },
      );
    }
    for (const state of this.#waiting) {
      if (!this.#stream.creates.hasRoom) return;
      this.#waiting.delete(state);
      this.#create(this.#stream.creates, state);
    }
  }

  #create(creates: CreateQueue, state: WatcherState): void {
    const watchId = this.#nextWatchId++;
    state.phase = 'creating';
    state.watchId = watchId;
    creates.sent({ watchId, watcher: state.key });
    this.#effects.push({ type: 'send-create', watcher: state.key, watchId, startRevision: state.cursor });
    this.#effects.push({ type: 'arm-timer', timer: 'attach', delayMs: attachMs });
  }

  #pinned(watcher: WatcherKey, revision: Revision): void {
    const state = this.#watchers.get(watcher);
    if (state?.phase !== 'pinning') return;
    this.#pinFailures = 0;
    state.pin(revision);
    this.#wait(state);
  }

  #pinFailed(watcher: WatcherKey, error: EtcdError): void {
    const state = this.#watchers.get(watcher);
    if (!state) return;
    if (!survives(error)) {
      this.#finish(state, error);
      return;
    }
    if (this.#unpinned.size === 0) {
      const delayMs = backoffDelay(reopen, this.#pinFailures++, this.#random);
      this.#effects.push({ type: 'arm-timer', timer: 'repin', delayMs });
    }
    this.#unpinned.add(state);
  }

  #leave(watcher: WatcherKey): void {
    const state = this.#watchers.get(watcher);
    if (!state) return;
    this.#cancelOnServer(state);
    this.#forget(state);
  }

  #pause(watcher: WatcherKey): void {
    const state = this.#watchers.get(watcher);
    if (state?.phase !== 'live') return;
    this.#cancelOnServer(state);
    state.detach('paused');
  }

  #resume(watcher: WatcherKey): void {
    const state = this.#watchers.get(watcher);
    if (state?.phase === 'paused') this.#wait(state);
  }

  #wait(state: WatcherState): void {
    state.detach('waiting');
    this.#waiting.add(state);
  }

  /** A create not yet acknowledged is cancelled when its answer comes: etcd ignores a cancel of an id it does not know. */
  #cancelOnServer(state: WatcherState): void {
    if (state.phase !== 'live' || state.watchId === undefined) return;
    this.#byWatchId.delete(state.watchId);
    this.#effects.push({ type: 'send-cancel', watchId: state.watchId });
  }

  #reply(watchId: bigint, reply: WatchReply): void {
    if (!this.#stream) return;
    if (reply.kind === 'created') {
      this.#created(this.#stream.creates, watchId, reply.headerRevision);
      return;
    }
    if (reply.kind === 'refused') {
      this.#refused(this.#stream.creates, reply);
      return;
    }
    // Nobody has the id of a watcher that left: its last events, and the echo of its cancel, may still come.
    // Nor has anybody -1, which answers a request for progress; none is sent.
    const state = this.#byWatchId.get(watchId);
    if (state) this.#told(state, reply);
  }

  #created(creates: CreateQueue, watchId: bigint, headerRevision: Revision): void {
    const create = creates.created(watchId);
    if (creates.size === 0) this.#effects.push({ type: 'disarm-timer', timer: 'attach' });
    if (!create) return;
    const state = this.#watchers.get(create.watcher);
    if (state?.phase !== 'creating' || state.watchId !== create.watchId) {
      this.#effects.push({ type: 'send-cancel', watchId });
      return;
    }
    state.watchId = watchId;
    state.phase = 'live';
    state.readyRevision ??= headerRevision;
    this.#byWatchId.set(watchId, state);
    this.#effects.push({
      type: 'ready',
      watcher: state.key,
      revision: headerRevision,
      nextRevision: state.cursor,
    });
  }

  #refused(creates: CreateQueue, reply: WatchReply & { kind: 'refused' }): void {
    const create = creates.refused();
    if (!create) return;
    if (creates.size === 0) this.#effects.push({ type: 'disarm-timer', timer: 'attach' });
    const state = this.#watchers.get(create.watcher);
    if (state?.watchId === create.watchId) this.#cancelled(state, reply);
  }

  #told(state: WatcherState, reply: Exclude<WatchReply, { kind: 'created' | 'refused' }>): void {
    switch (reply.kind) {
      case 'events': {
        const events = state.receive(reply);
        if (events.length === 0) return;
        this.#recovered();
        this.#effects.push({ type: 'deliver', watcher: state.key, events });
        return;
      }
      case 'progress':
        // No etcd says 0, nor speaks of progress in the middle of a response; a proxy or an imitation may.
        if (reply.headerRevision === 0n || state.midResponse) return;
        state.progress(reply);
        this.#recovered();
        this.#effects.push({ type: 'progress', watcher: state.key, revision: state.cursor - 1n });
        return;
      case 'cancelled':
        this.#cancelled(state, reply);
    }
  }

  #cancelled(
    state: WatcherState,
    { compactRevision, reason }: WatchReply & { kind: 'cancelled' | 'refused' },
  ): void {
    if (state.watchId !== undefined) this.#byWatchId.delete(state.watchId);
    if (compactRevision === 0n) this.#finish(state, cancelReason(reason));
    else if (state.mayPinAgain(compactRevision)) this.#pinAgain(state);
    else this.#finish(state, compacted(state.cursor, compactRevision));
  }

  /** "From now" still means now: history that nobody asked for may be compacted. */
  #pinAgain(state: WatcherState): void {
    if (state.readyRevision !== undefined) {
      // What was written after that is promised, and a pin of now might lie behind it.
      state.pin(state.readyRevision);
      this.#wait(state);
      return;
    }
    state.detach('pinning');
    this.#effects.push({ type: 'pin', watcher: state.key });
  }

  #finish(state: WatcherState, error: EtcdError): void {
    this.#forget(state);
    this.#effects.push({ type: 'finish', watcher: state.key, error });
  }

  #forget(state: WatcherState): void {
    this.#watchers.delete(state.key);
    this.#waiting.delete(state);
    if (this.#unpinned.delete(state) && this.#unpinned.size === 0)
      this.#effects.push({ type: 'disarm-timer', timer: 'repin' });
  }

  #streamLost(error: EtcdError): void {
    if (!this.#stream) return;
    this.#forgetStream();
    if (!survives(error)) {
      for (const state of [...this.#watchers.values()]) this.#finish(state, error);
      return;
    }
    const delayMs = backoffDelay(reopen, this.#failures++, this.#random);
    this.#reopening = true;
    this.#effects.push({ type: 'arm-timer', timer: 'reopen', delayMs });
  }

  #timer(timer: TimerName): void {
    switch (timer) {
      case 'repin':
        for (const { key } of this.#unpinned) this.#effects.push({ type: 'pin', watcher: key });
        this.#unpinned.clear();
        return;
      case 'reopen':
        this.#reopening = false;
        return;
      case 'settled':
        this.#recovered();
        return;
      case 'attach':
        if (!this.#stream || this.#stream.creates.size === 0) return;
        this.#effects.push({ type: 'close-stream', owing: true });
        this.#streamLost(
          errorFromServer(Code.UNAVAILABLE, `no answer to a watch request within ${attachMs} ms`),
        );
    }
  }

  #recovered(): void {
    this.#failures = 0;
  }

  #closeStream(owing: boolean): void {
    if (this.#stream) {
      this.#effects.push({ type: 'close-stream', owing });
      this.#forgetStream();
    }
    if (this.#reopening) {
      this.#reopening = false;
      this.#effects.push({ type: 'disarm-timer', timer: 'reopen' });
    }
  }

  #forgetStream(): void {
    this.#stream = undefined;
    this.#byWatchId.clear();
    this.#effects.push({ type: 'disarm-timer', timer: 'attach' }, { type: 'disarm-timer', timer: 'settled' });
    for (const state of this.#watchers.values()) {
      if (state.phase === 'creating' || state.phase === 'live') this.#wait(state);
    }
  }
}

function compacted(wanted: Revision, compactRevision: Revision): CompactedError {
  return new CompactedError(
    `the watch needs revision ${wanted}, but history before ${compactRevision} is compacted`,
    compactRevision,
  );
}

function cancelReason(reason: string): EtcdError {
  return errorFromServer(Code.UNKNOWN, reason || 'the server cancelled the watch without a reason');
}
