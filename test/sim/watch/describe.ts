import type { WatchEffect, WatchInput, WatchReply } from '#src/watch/core/index.js';

const base = 2n ** 40n;
/** The client's own ids count from 2^40; the trace shows them from 0. */
const id = (watchId: bigint): string => (watchId >= base ? `#${watchId - base}` : `id ${watchId}`);

export function describeInput(input: WatchInput): string {
  switch (input.type) {
    case 'watch':
      return `watcher ${input.watcher} is added, from ${input.startRevision ?? 'now'}`;
    case 'unwatch':
      return `watcher ${input.watcher} is removed`;
    case 'buffer-full':
    case 'buffer-drained':
      return `watcher ${input.watcher} is ${input.type}`;
    case 'revision':
      return `read for watcher ${input.watcher}: the store is at ${input.revision}`;
    case 'revision-failed':
      return `read for watcher ${input.watcher} failed`;
    case 'pin-read-due':
      return 'the read for new watchers may be sent';
    case 'pin-read':
      return `read for new watchers: the store is at ${input.revision}`;
    case 'pin-read-failed':
      return `read for new watchers failed: ${input.error.message}`;
    case 'reply':
      return `slot ${input.slot}, ${id(input.watchId)}: ${describeReply(input.reply)}`;
    case 'progress-trusted':
      return `slot ${input.slot} is trusted`;
    case 'server-version':
      return `slot ${input.slot} has a release that ${input.losesDeletes ? 'loses deletes' : 'loses nothing'}`;
    case 'start-compacted':
      return `the start revision ${input.startRevision} of watcher ${input.watcher} is compacted`;
    case 'stream-lost':
      return `slot ${input.slot} lost its stream: ${input.error.message}`;
    case 'token':
      return `token ${input.generation}`;
    case 'token-failed':
      return `no token: ${input.error.message}`;
    case 'store-replaced':
      return 'the store was replaced';
    case 'timer':
      return `timer ${input.timer} of slot ${input.slot}`;
  }
}

export function describeReply(reply: WatchReply): string {
  switch (reply.kind) {
    case 'created':
      return `created, header ${reply.headerRevision}`;
    case 'progress':
      return `progress, header ${reply.headerRevision}`;
    case 'events':
      return `events ${range(reply.events)}${reply.fragment ? ', more fragments follow' : ''}`;
    case 'cancelled':
    case 'refused':
      return `${reply.kind} '${reply.reason}' compacted ${reply.compactRevision}`;
  }
}

export function describeEffect(effect: WatchEffect): string {
  switch (effect.type) {
    case 'send-create':
      return `create watcher ${effect.watcher} as ${id(effect.watchId)} from ${effect.startRevision} on slot ${effect.slot}${effect.fragments ? ', in fragments' : ''}`;
    case 'send-cancel':
      return `cancel ${id(effect.watchId)} on slot ${effect.slot}`;
    case 'send-probe':
      return `probe as ${id(effect.watchId)} on slot ${effect.slot}`;
    case 'check-start':
      return `check whether ${effect.startRevision} was compacted before watcher ${effect.watcher} received it`;
    case 'deliver':
      return `deliver to watcher ${effect.watcher}: ${range(effect.events)}`;
    case 'ready':
      return `watcher ${effect.watcher} is ready at ${effect.revision}, starts at ${effect.nextRevision}`;
    case 'progress':
      return `progress for watcher ${effect.watcher} at ${effect.revision}`;
    case 'finish':
      return `watcher ${effect.watcher} ends: ${effect.error.name}: ${effect.error.message}`;
    case 'interrupted':
      return `watcher ${effect.watcher} is no longer live`;
    case 'resumed':
      return `watcher ${effect.watcher} is live again, from ${effect.fromRevision} (${effect.cause})`;
    case 'caught-up':
      return `watcher ${effect.watcher} has caught up at ${effect.revision}`;
    case 'schedule-pin-read':
      return 'schedule a read for new watchers';
    case 'read-pin':
      return `read the store's revision for new watchers, with the key of watcher ${effect.watcher}`;
    case 'read-revision':
      return `read the store's revision for watcher ${effect.watcher}`;
    case 'refresh-token':
      return `request a token after ${effect.generation}`;
    case 'open-stream':
    case 'send-progress':
      return `${effect.type} on slot ${effect.slot}`;
    case 'close-stream':
      return `close the stream of slot ${effect.slot}${effect.unresponsive ? ', which is unresponsive' : ''}`;
    case 'arm-timer':
      return `arm ${effect.timer} of slot ${effect.slot} in ${effect.delayMs} ms`;
    case 'disarm-timer':
      return `disarm ${effect.timer} of slot ${effect.slot}`;
    case 'status':
      return `status: ${effect.status.type} on slot ${effect.status.slot}`;
  }
}

function range(events: readonly { readonly kv: { readonly modRevision: bigint } }[]): string {
  const first = events[0]?.kv.modRevision;
  const last = events[events.length - 1]?.kv.modRevision;
  return first === last ? `of ${first} (${events.length})` : `of ${first} to ${last} (${events.length})`;
}
