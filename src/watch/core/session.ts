import { Code, type EtcdError, errorFromServer, RolledBackError } from '../../errors/index.js';
import type { Revision } from '../../model/index.js';
import { historyGone, isFarBehind, moreToCome, revisionTooLarge } from './catch-up.js';
import { max, type WatchReply } from './cursor.js';
import type { Lane, LaneHost } from './lane.js';
import { Lanes } from './lanes.js';
import type { Generation, TimerName, WatchEffect, WatcherKey, WatchInput } from './protocol.js';
import { Resting } from './resting.js';
import { StartChecks, startLost } from './start-checks.js';
import { streamFate, watcherFate } from './stream-fate.js';
import { droppedStatus, resumedStatus } from './stream-status.js';
import { TokenRenewal } from './token-renewal.js';
import { WatcherState } from './watcher-state.js';

export interface SessionOptions {
  /** The id of the first watch; counted up from here and never used twice. High, so that no server's own id meets it. */
  readonly firstWatchId: bigint;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** The most that a revision may take in memory while pieces of it are still to come. */
  readonly maxRevisionBytes: number;
}

/**
 * Any number of watchers, on which stream each of them is, and what becomes of them. Pure: inputs in, effects out, no
 * clock, no socket. The order of effects is the order in which they are to be performed.
 *
 * Live watchers share a lane per generation of credentials. One that has to catch up far, waits for a future revision
 * or was paused goes to a lane of its own, since it keeps its whole stream from proving progress; once level with
 * the store it joins the others.
 */
export class WatchSession {
  readonly #watchers = new Map<WatcherKey, WatcherState>();
  readonly #lanes: Lanes;
  readonly #resting: Resting;
  readonly #tokens: TokenRenewal;
  readonly #startChecks = new StartChecks((effect) => this.#effects.push(effect));
  readonly #maxRevisionBytes: number;
  #nextWatchId: bigint;
  #effects: WatchEffect[] = [];

  constructor(options: SessionOptions) {
    this.#nextWatchId = options.firstWatchId;
    this.#maxRevisionBytes = options.maxRevisionBytes;
    const host: LaneHost = {
      random: options.random,
      generation: () => this.#tokens.generation,
      nextWatchId: () => this.#nextWatchId++,
      emit: (effect) => this.#effects.push(effect),
      acknowledged: (state, headerRevision) => this.#acknowledged(state, headerRevision),
      interrupted: (state) => this.#interrupted(state),
      told: (state, reply) => this.#told(state, reply),
      dismissed: (state, reply, generation) => this.#dismissed(state, reply, generation),
    };
    this.#tokens = new TokenRenewal({
      emit: host.emit,
      leave: (state) => this.#lanes.leave(state),
      renewShared: () => this.#lanes.renewShared(),
      again: (state) => this.#again(state),
      rest: (state) => this.#rest(state),
      finish: (state, error) => this.#finish(state, error),
    });
    this.#lanes = new Lanes(host);
    this.#resting = new Resting(options.random, host.emit);
  }

  handle(input: WatchInput): readonly WatchEffect[] {
    this.#take(input);
    this.#lanes.advance();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #take(input: WatchInput): void {
    switch (input.type) {
      case 'watch':
        this.#watch(input);
        return;
      case 'revision':
        this.#revision(input.watcher, input.revision);
        return;
      case 'revision-failed':
        this.#revisionFailed(input.watcher, input.error);
        return;
      case 'unwatch':
        this.#forget(this.#watchers.get(input.watcher));
        return;
      case 'full':
        this.#pause(this.#watchers.get(input.watcher));
        return;
      case 'drained':
        this.#drained(this.#watchers.get(input.watcher));
        return;
      case 'reply':
        this.#lanes.touch(input.lane)?.reply(input.watchId, input.reply);
        return;
      case 'trusted':
        this.#trusted(this.#lanes.touch(input.lane));
        return;
      case 'release':
        this.#startChecks.release(this.#lanes.touch(input.lane), input.losesDeletes);
        return;
      case 'start-compacted':
        this.#startCompacted(this.#watchers.get(input.watcher), input.startRevision);
        return;
      case 'stream-lost':
        this.#streamLost(this.#lanes.touch(input.lane), input.error);
        return;
      case 'token':
        this.#tokens.renewed(input.generation);
        return;
      case 'token-failed':
        this.#tokens.failed(input.error);
        return;
      case 'store-replaced':
        this.#storeReplaced(input.error);
        return;
      case 'timer':
        if (input.timer === 'retry') for (const state of this.#resting.rested()) this.#goOn(state);
        else this.#timer(this.#lanes.touch(input.lane), input.timer);
    }
  }

  // Where watchers are.

  #watch({ watcher, range, startRevision, knownRevision = 0n }: WatchInput & { type: 'watch' }): void {
    const state = new WatcherState(watcher, range, startRevision);
    state.saw(knownRevision);
    this.#watchers.set(watcher, state);
    if (state.phase === 'pinning') this.#effects.push({ type: 'read-revision', watcher });
    else this.#lanes.joinShared(state);
  }

  #forget(state: WatcherState | undefined): void {
    if (!state) return;
    this.#lanes.leave(state);
    this.#watchers.delete(state.key);
    this.#tokens.remove(state);
    this.#resting.remove(state);
  }

  #pause(state: WatcherState | undefined): void {
    if (!state?.lane) return; // not live alone: what filled the buffer may also have moved it to another lane
    this.#lanes.leave(state);
    state.detach('paused');
    this.#interrupted(state); // on no stream until its reader catches up, whatever becomes of the store meanwhile
  }

  #drained(state: WatcherState | undefined): void {
    if (state?.phase === 'paused' && !this.#lanes.joinOwn(state)) this.#lanes.joinShared(state);
  }

  // What a server says of one watcher.

  #acknowledged(state: WatcherState, headerRevision: Revision): void {
    const first = state.readyRevision === undefined;
    state.tokensRefused = 0;
    if (first) {
      state.readyRevision = max(headerRevision, state.seen); // pinned by a read that this member lags behind
      this.#effects.push({
        type: 'ready',
        watcher: state.key,
        revision: state.readyRevision,
        nextRevision: state.cursor,
      });
    } else if (state.interrupted) {
      this.#effects.push({ type: 'resumed', watcher: state.key, fromRevision: state.cursor });
    }
    state.interrupted = false;
    this.#effects.push(...resumedStatus(state));
    this.#startChecks.acknowledged(state, headerRevision);
    if (headerRevision > 0n && headerRevision < state.seen) {
      // Either the store was rolled back, or this member lags: only a linearizable read can tell.
      this.#doubt(state);
      return;
    }
    state.saw(headerRevision);
    this.#separate(state, headerRevision, first);
  }

  #interrupted(state: WatcherState): void {
    if (state.readyRevision === undefined || state.interrupted) return;
    state.interrupted = true;
    this.#effects.push({ type: 'interrupted', watcher: state.key });
  }

  /** Far behind or ahead of the store, it would keep the others' stream from proving progress. */
  #separate(state: WatcherState, headerRevision: Revision, first: boolean): void {
    if (!state.lane || state.lane.own || !first || headerRevision === 0n) return;
    const ahead = state.cursor > headerRevision + 1n;
    if (ahead || isFarBehind(state.cursor, headerRevision)) this.#lanes.joinOwn(state);
  }

  #told(state: WatcherState, reply: WatchReply & { kind: 'events' | 'progress' }): boolean {
    if (reply.kind === 'progress') {
      const news = state.progress(reply);
      this.#effects.push({ type: 'progress', watcher: state.key, revision: state.cursor - 1n });
      if (state.cursor === reply.headerRevision + 1n) this.#level(state); // else it waits for the future
      return news;
    }
    const events = state.receive(reply);
    this.#effects.push(...droppedStatus(state));
    const news = events.length > 0;
    if (news) {
      state.advanced();
      this.#effects.push({ type: 'deliver', watcher: state.key, events });
    }
    if (state.incompleteBytes > this.#maxRevisionBytes) {
      this.#finish(state, revisionTooLarge(state.cursor, this.#maxRevisionBytes));
      return news;
    }
    if (reply.fragment) return news;
    if (!moreToCome(reply.events)) this.#level(state);
    else if (state.lane?.viaProxy && news) this.#lanes.renew(state);
    else if (state.lane?.viaProxy) this.#rest(state); // it would repeat that at once
    return news;
  }

  /** Level with the store: its place is with the others. */
  #level(state: WatcherState): void {
    if (state.lane?.own) this.#lanes.joinShared(state);
  }

  #dismissed(
    state: WatcherState,
    { compactRevision, reason }: WatchReply & { kind: 'cancelled' | 'refused' },
    generation: Generation,
  ): void {
    state.detach('resting');
    this.#interrupted(state);
    if (compactRevision > 0n) {
      this.#compacted(state, compactRevision);
      return;
    }
    const error = errorFromServer(Code.UNKNOWN, reason || 'the server cancelled the watch without a reason');
    const fate = watcherFate(error);
    if (fate === 'reauthenticate') this.#tokens.refused(state, error, generation);
    else if (fate === 'resume') this.#rest(state);
    else this.#finish(state, error);
  }

  #compacted(state: WatcherState, compactRevision: Revision): void {
    if (compactRevision <= state.cursor) {
      this.#rest(state); // a server that had gone back to older events; what is needed here is still there
    } else if (!state.mayPinAgain(compactRevision)) {
      this.#finish(state, historyGone(state.cursor, compactRevision));
    } else if (state.readyRevision !== undefined) {
      // What was written after that is promised, and a pin of now might lie behind it.
      state.pin(state.readyRevision);
      this.#lanes.joinShared(state);
    } else {
      state.phase = 'pinning';
      this.#again(state);
    }
  }

  /** A delete at the start may be missing: pinned again where that was before anything was promised. */
  #startCompacted(state: WatcherState | undefined, startRevision: Revision): void {
    if (state?.readyRevision === undefined) return;
    if (!state.mayPinAgain(startRevision + 1n)) {
      this.#finish(state, startLost(startRevision));
      return;
    }
    state.pin(max(state.readyRevision, state.cursor - 1n));
    // Else it is created again anyway, or is being created from further back, whose events are then kept from the reader.
    if (state.phase === 'live') this.#lanes.joinShared(state);
  }

  // The store's revision, read: what "now" means, or whether the store was rolled back.

  #revision(watcher: WatcherKey, revision: Revision): void {
    const state = this.#watchers.get(watcher);
    if (!state) return;
    if (state.phase === 'pinning') {
      state.pin(revision);
      this.#lanes.joinShared(state);
    } else if (state.doubted !== undefined && revision < state.doubted) {
      this.#finish(state, new RolledBackError(state.doubted, revision));
    } else if (state.answered()) {
      this.#doubt(state);
    }
  }

  /** Ends those that know a revision of the old store. Who waits for the one that "now" means has been promised nothing. */
  #storeReplaced(error: EtcdError): void {
    for (const state of [...this.#watchers.values()])
      if (state.phase !== 'pinning') this.#finish(state, error);
  }

  #doubt(state: WatcherState): void {
    if (state.doubt()) this.#effects.push({ type: 'read-revision', watcher: state.key });
  }

  #revisionFailed(watcher: WatcherKey, error: EtcdError): void {
    const state = this.#watchers.get(watcher);
    if (!state) return;
    if (state.phase !== 'pinning') {
      state.answered();
      if (state.phase === 'live') this.#rest(state); // the doubt comes again with the next acknowledgement
    } else if (streamFate(error) === 'reauthenticate') this.#tokens.refused(state, error);
    else if (error.verdict === 'final' || streamFate(error) === 'end') this.#finish(state, error);
    else this.#rest(state);
  }

  // What fails, and comes back.

  #streamLost(lane: Lane | undefined, error: EtcdError): void {
    if (!lane) return;
    const fate = streamFate(error);
    const watchers = [...lane.watchers];
    const there = watchers.filter(({ phase }) => phase !== 'waiting');
    lane.lost(error);
    switch (fate) {
      case 'end':
        for (const state of watchers) this.#finish(state, error);
        return;
      case 'reauthenticate':
        for (const state of watchers) this.#tokens.refused(state, error);
        return;
      case 'oversized':
        this.#oversized(there, error);
        return;
      case 'resume':
    }
  }

  /** Nobody says whose response it was: each is tried alone, and ends only by what it meets there. */
  #oversized(suspects: readonly WatcherState[], error: EtcdError): void {
    const alone = suspects.length === 1;
    let forced = false;
    for (const state of suspects) {
      if (alone && state.oversized) {
        this.#finish(state, error);
        continue;
      }
      state.oversized = true;
      // Those without room stay; one of them goes all the same, since others may never come back from there.
      if (!alone && !this.#lanes.joinOwn(state) && !forced) forced = this.#lanes.joinOwn(state, true);
    }
  }

  #timer(lane: Lane | undefined, timer: TimerName): void {
    if (!lane) return;
    lane.timer(timer);
    if (timer === 'settled') this.#settled(lane);
    // Its next stream would have the present token: the one of those who came since then will do.
    if (timer !== 'reopen' || lane.own || this.#lanes.isShared(lane)) return;
    for (const state of [...lane.watchers]) this.#lanes.joinShared(state);
  }

  /** A stream that lasts is as good as news: an idle store has none. */
  #settled(lane: Lane): void {
    for (const state of lane.watchers) if (state.phase === 'live') state.failures = 0;
    if (lane.own) this.#acquit(lane);
  }

  /** Alone for long enough, and nothing too large came: it need not wait for progress to be with the others again. */
  #acquit({ watchers }: Lane): void {
    for (const state of watchers) {
      const waitsForFuture = state.seen > 0n && state.cursor > state.seen + 1n;
      if (state.oversized && state.phase === 'live' && !waitsForFuture) this.#lanes.joinShared(state);
      state.oversized = false;
    }
  }

  #trusted(lane: Lane | undefined): void {
    lane?.trust();
    // A watcher alone on its lane waits to be level with the store; only an answer tells when nothing happens there.
    if (lane?.own) lane.askProgress();
  }

  /** Something failed for it alone; it is tried again after a pause. */
  #rest(state: WatcherState): void {
    const pinning = state.phase === 'pinning';
    this.#lanes.leave(state);
    state.detach(pinning ? 'pinning' : 'resting');
    this.#interrupted(state);
    this.#resting.add(state);
  }

  /** At once after a first failure, and after a pause when another one follows before it has advanced. */
  #again(state: WatcherState): void {
    if (state.failures > 0) this.#rest(state);
    else this.#goOn(state);
    state.failures ||= 1;
  }

  #goOn(state: WatcherState): void {
    if (state.phase === 'pinning') this.#effects.push({ type: 'read-revision', watcher: state.key });
    else this.#lanes.joinShared(state);
  }

  #finish(state: WatcherState, error: EtcdError): void {
    this.#forget(state);
    this.#effects.push({ type: 'finish', watcher: state.key, error });
  }
}
