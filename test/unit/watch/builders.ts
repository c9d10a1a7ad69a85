import type { EtcdError } from '#src/errors/index.js';
import { Code, errorFromServer } from '#src/errors/index.js';
import type { WatchEvent } from '#src/model/index.js';
import {
  type StreamStatus,
  type TimerName,
  type WatchEffect,
  type WatchInput,
  type WatchReply,
  WatchSession,
} from '#src/watch/core/index.js';
import type { WatchResponse } from '#src/wire/index.js';

const nothing = Buffer.alloc(0);

/** A response on the wire, without events unless `fields` has them. */
export function watchResponse(revision: bigint, fields: Partial<WatchResponse>): WatchResponse {
  return {
    header: { clusterId: 1n, memberId: 1n, revision, raftTerm: 1n },
    watchId: 0n,
    created: false,
    canceled: false,
    compactRevision: 0n,
    cancelReason: '',
    fragment: false,
    events: [],
    ...fields,
  };
}

export const everyKey = { key: Buffer.of(0), rangeEnd: Buffer.of(0) };

export function put(revision: number | bigint, key = 'k'): WatchEvent {
  const modRevision = BigInt(revision);
  return {
    type: 'put',
    kv: {
      key: Buffer.from(key),
      value: nothing,
      createRevision: modRevision,
      modRevision,
      version: 1n,
      lease: 0n,
    },
  };
}

/** Puts at these revisions; a revision that occurs twice has two events. */
export const puts = (...revisions: readonly number[]) => revisions.map((one, i) => put(one, `k${i}`));

export const created = (headerRevision = 0): WatchReply => ({
  kind: 'created',
  headerRevision: BigInt(headerRevision),
});

export function events(
  list: readonly WatchEvent[],
  { header = 1_000_000, fragment = false }: { header?: number; fragment?: boolean } = {},
): WatchReply & { kind: 'events' } {
  return { kind: 'events', headerRevision: BigInt(header), events: list, fragment };
}

export const progress = (revision: number): WatchReply & { kind: 'progress' } => ({
  kind: 'progress',
  headerRevision: BigInt(revision),
});

export const cancelled = (compactRevision = 0, reason = ''): WatchReply => ({
  kind: 'cancelled',
  compactRevision: BigInt(compactRevision),
  reason,
});

export const refused = (reason: string, compactRevision = 0): WatchReply => ({
  kind: 'refused',
  compactRevision: BigInt(compactRevision),
  reason,
});

export const dropped = (): EtcdError => errorFromServer(Code.UNAVAILABLE, 'Connection dropped');

/** A session with short methods for its inputs. Watch ids start at 1000; the random number is always one half. */
export class Bench {
  readonly session: WatchSession;

  constructor(maxRevisionBytes = 10_000) {
    this.session = new WatchSession({ firstWatchId: 1_000n, random: () => 0.5, maxRevisionBytes });
  }

  input(input: WatchInput): readonly WatchEffect[] {
    return this.session.handle(input);
  }

  watch(watcher: number, startRevision?: number): readonly WatchEffect[] {
    return this.input({
      type: 'watch',
      watcher,
      range: everyKey,
      startRevision: startRevision === undefined ? undefined : BigInt(startRevision),
    });
  }

  /** On slot 1, the first shared one, by default. */
  reply(watchId: number, reply: WatchReply, slot = 1): readonly WatchEffect[] {
    return this.input({ type: 'reply', slot, watchId: BigInt(watchId), reply });
  }

  timer(timer: TimerName, slot = timer === 'retry' ? 0 : 1): readonly WatchEffect[] {
    return this.input({ type: 'timer', timer, slot });
  }

  lose(error = dropped(), slot = 1): readonly WatchEffect[] {
    return this.input({ type: 'stream-lost', slot, error });
  }

  /** Sends the scheduled read that pins new watchers. */
  pinReadDue(): readonly WatchEffect[] {
    return this.input({ type: 'pin-read-due' });
  }

  /** Answers the read that pins new watchers. */
  pinRead(revision: number): readonly WatchEffect[] {
    return this.input({ type: 'pin-read', revision: BigInt(revision) });
  }

  pinReadFailed(error: EtcdError): readonly WatchEffect[] {
    return this.input({ type: 'pin-read-failed', error });
  }

  /** A watcher from now on that is pinned at that revision. */
  watchFromNow(watcher: number, revision: number): readonly WatchEffect[] {
    this.watch(watcher);
    this.pinReadDue();
    return this.pinRead(revision);
  }

  /** Answers a read of a rollback check. */
  revision(watcher: number, revision: number): readonly WatchEffect[] {
    return this.input({ type: 'revision', watcher, revision: BigInt(revision) });
  }

  /** Watchers that are live on slot 1 and keep it open. Their ids are 1000 and up. */
  withSiblings(count: number, headerRevision = 1): this {
    for (let i = 0; i < count; i++) {
      this.watch(100 + i, headerRevision);
      this.reply(1_000 + i, created(headerRevision));
    }
    return this;
  }

  /** A live watcher with id 1000 on a new stream. */
  live(watcher = 1, startRevision = 1): this {
    this.watch(watcher, startRevision);
    this.reply(1_000, created(startRevision));
    return this;
  }

  /** Loses the stream and opens it again. */
  reconnect(error = dropped(), slot = 1): readonly WatchEffect[] {
    this.lose(error, slot);
    return this.timer('reopen', slot);
  }
}

const apart: ReadonlySet<WatchEffect['type']> = new Set([
  'arm-timer',
  'disarm-timer',
  'status',
  'interrupted',
  'resumed',
  'caught-up',
]);

/** The effects without timers, status and liveness, which have their own tests. */
export function acts(effects: readonly WatchEffect[]): readonly WatchEffect[] {
  return effects.filter(({ type }) => !apart.has(type));
}

/** The liveness effects, one word each. */
export function liveness(effects: readonly WatchEffect[]): string {
  return effects
    .flatMap((effect) => {
      if (effect.type === 'resumed')
        return [`resumed ${effect.watcher} from ${effect.fromRevision}: ${effect.cause}`];
      return effect.type === 'ready' || effect.type === 'interrupted'
        ? [`${effect.type} ${effect.watcher}`]
        : [];
    })
    .join(', ');
}

/** The timer effects, one line each. */
export function timers(effects: readonly WatchEffect[]): string[] {
  return effects.flatMap((effect) => {
    if (effect.type === 'arm-timer') return [`arm ${effect.timer} ${effect.slot} in ${effect.delayMs}`];
    return effect.type === 'disarm-timer' ? [`disarm ${effect.timer} ${effect.slot}`] : [];
  });
}

export function statuses(effects: readonly WatchEffect[]): readonly StreamStatus[] {
  return effects.flatMap((effect) => (effect.type === 'status' ? [effect.status] : []));
}

/** The effects in one line, each shortened to its essentials; `@` names a slot other than the first. */
export function brief(effects: readonly WatchEffect[]): string {
  return acts(effects)
    .map((effect) => briefOne(effect) + place(effect))
    .join(', ');
}

function place(effect: WatchEffect): string {
  return 'slot' in effect && effect.slot !== 1 ? ` @${effect.slot}` : '';
}

function briefOne(effect: WatchEffect): string {
  switch (effect.type) {
    case 'send-create':
      return `create ${effect.watcher} as ${effect.watchId} from ${effect.startRevision}${effect.fragments ? ' in fragments' : ''}`;
    case 'send-cancel':
      return `cancel ${effect.watchId}`;
    case 'deliver':
      return `deliver ${effect.watcher}: ${effect.events.map(({ kv }) => kv.modRevision).join(' ')}`;
    case 'progress':
    case 'ready':
      return `${effect.type} ${effect.watcher} at ${effect.revision}`;
    case 'finish':
      return `finish ${effect.watcher}: ${effect.error.name}`;
    case 'read-pin':
      return `read pin of ${effect.watcher}`;
    case 'read-revision':
      return `read ${effect.watcher}`;
    case 'refresh-token':
      return `refresh ${effect.generation}`;
    case 'close-stream':
      return effect.unresponsive ? 'close-stream unresponsive' : 'close-stream';
    default:
      return effect.type;
  }
}
