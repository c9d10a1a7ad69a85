import type { EtcdError } from '#src/errors/index.js';
import { Code, errorFromServer } from '#src/errors/index.js';
import type { WatchEvent } from '#src/model/index.js';
import { type WatchEffect, type WatchInput, type WatchReply, WatchSession } from '#src/watch/core/index.js';

const nothing = Buffer.alloc(0);

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

/** Puts at these revisions; a number that stands twice is a revision with two events. */
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

/** A session, and short words for what happens to it. Ids on the wire start at 1000; chance is always one half. */
export class Bench {
  readonly session = new WatchSession({ firstWatchId: 1_000n, random: () => 0.5 });

  input(input: WatchInput): readonly WatchEffect[] {
    return this.session.handle(input);
  }

  watch(watcher: number, startRevision?: number): readonly WatchEffect[] {
    return this.input({
      type: 'watch',
      watcher,
      startRevision: startRevision === undefined ? undefined : BigInt(startRevision),
    });
  }

  reply(watchId: number, reply: WatchReply): readonly WatchEffect[] {
    return this.input({ type: 'reply', watchId: BigInt(watchId), reply });
  }

  /** A watcher that is live on a new stream, with id 1000. */
  live(watcher = 1, startRevision = 1): this {
    this.watch(watcher, startRevision);
    this.reply(1_000, created(startRevision));
    return this;
  }

  /** Loses the stream and has it opened again. */
  reconnect(error = dropped()): readonly WatchEffect[] {
    this.input({ type: 'stream-lost', error });
    return this.input({ type: 'timer', timer: 'reopen' });
  }
}

/** Effects without the timers, which have tests of their own. */
export function acts(effects: readonly WatchEffect[]): readonly WatchEffect[] {
  return effects.filter(({ type }) => type !== 'arm-timer' && type !== 'disarm-timer');
}

/** The effects as one line, each a word with what matters in it. */
export function brief(effects: readonly WatchEffect[]): string {
  return acts(effects).map(briefOne).join(', ');
}

function briefOne(effect: WatchEffect): string {
  switch (effect.type) {
    case 'send-create':
      return `create ${effect.watcher} as ${effect.watchId} from ${effect.startRevision}`;
    case 'send-cancel':
      return `cancel ${effect.watchId}`;
    case 'deliver':
      return `deliver ${effect.watcher}: ${effect.events.map(({ kv }) => kv.modRevision).join(' ')}`;
    case 'progress':
    case 'ready':
      return `${effect.type} ${effect.watcher} at ${effect.revision}`;
    case 'finish':
      return `finish ${effect.watcher}: ${effect.error.name}`;
    case 'pin':
      return `pin ${effect.watcher}`;
    case 'close-stream':
      return effect.owing ? 'close-stream owing' : 'close-stream';
    default:
      return effect.type;
  }
}
