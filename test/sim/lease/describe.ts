import type { KeepAliveEffect, KeepAliveInput } from '#src/lease/core/index.js';

export function describeInput(input: KeepAliveInput): string {
  switch (input.type) {
    case 'hold':
      return `lease ${input.lease} of ${input.ttlMs} ms is held; its grant was sent at ${input.sentAt.toFixed(1)}`;
    case 'release':
      return `lease ${input.lease} is ${input.reason}`;
    case 'renew-once':
      return `call ${input.call} renews lease ${input.lease} once, until ${input.deadlineAt.toFixed(1)}`;
    case 'cancel-call':
      return `call ${input.call} leaves`;
    case 'stream-opened':
      return `stream ${input.stream} is open`;
    case 'reply':
      return `answer on stream ${input.stream}: lease ${input.lease}, TTL ${input.ttlMs}`;
    case 'stream-lost':
      return `stream ${input.stream} is lost: ${input.error.message}`;
    case 'token-refresh-failed':
      return `no token: ${input.error.message}`;
    default:
      return input.type;
  }
}

export function describeEffect(effect: KeepAliveEffect): string {
  switch (effect.type) {
    case 'send':
      return `send lease ${effect.lease} on stream ${effect.stream}`;
    case 'set-timer':
      return `wake at ${effect.at.toFixed(1)}`;
    case 'end-lease':
      return `lease ${effect.lease} ends: ${effect.end.reason} ${effect.end.cause?.message ?? ''}`;
    case 'settle-call':
      return `call ${effect.call} for lease ${effect.lease}: ${effect.outcome.type}`;
    default:
      return `${effect.type} ${effect.stream}`;
  }
}
