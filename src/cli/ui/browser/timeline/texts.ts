import type { LeaveReason, TimelineEvent } from '../../protocol/index.js';
import { durationText } from '../text/index.js';

type EventType = TimelineEvent['type'];

/** The types of entries that the user chooses from. */
export const kinds = ['registered', 'changed', 'drained', 'left', 'unreadable', 'etcd'] as const;

export type Kind = (typeof kinds)[number];

const kindByType: Readonly<Record<EventType, Kind>> = {
  registered: 'registered',
  changed: 'changed',
  drained: 'drained',
  undrained: 'drained',
  left: 'left',
  unreadable: 'unreadable',
  'etcd-away': 'etcd',
  'etcd-back': 'etcd',
  resync: 'etcd',
};

export function kindOf(type: EventType): Kind {
  return kindByType[type];
}

const reasonTexts: Readonly<Record<LeaveReason, string>> = {
  drained: 'drained',
  deleted: 'deleted',
  'lease-ended': 'lease ended',
  'store-replaced': 'store replaced',
  invalid: 'invalid',
  unknown: 'unknown',
};

/** The reason of a departure in words; while it is undefined, that it is being found out. */
export function reasonText(reason: LeaveReason | undefined): string {
  return reason === undefined ? 'finding out why' : reasonTexts[reason];
}

const explanations: Readonly<Record<LeaveReason, string>> = {
  drained: 'It was marked as draining before: its server announced its end, or an operator drained it.',
  deleted:
    'The record was deleted by its server, an operator or another program, not by the end of a lease: its lease is alive, or it had none.',
  'lease-ended':
    'Its lease expired or was revoked: its server crashed, was cut off, or stopped. etcd does not distinguish these afterwards.',
  'store-replaced':
    'etcd has another content, for example of a restored backup, and the record is not in it.',
  invalid: 'Its key has a value now that is not an endpoint.',
  unknown: 'It could not be found out: etcd was not asked in time, or refused to answer.',
};

export function reasonExplanation(reason: LeaveReason | undefined): string {
  return reason === undefined ? 'etcd is being asked for the state of its lease.' : explanations[reason];
}

/** What happened, without the endpoint's name: `registered`, `left: lease ended`, `etcd did not answer for 5 s`. */
export function eventText(what: TimelineEvent): string {
  switch (what.type) {
    case 'registered':
    case 'changed':
      return what.type;
    case 'drained':
      return 'draining';
    case 'undrained':
      return 'no longer draining';
    case 'unreadable':
      return 'no longer an endpoint';
    case 'left':
      return `left: ${reasonText(what.reason)}`;
    case 'etcd-away':
      return 'etcd does not answer';
    case 'etcd-back':
      return `etcd is back after ${durationText(what.forMs)}`;
    case 'resync':
      return `listed again: ${resyncTexts[what.reason]}`;
  }
}

const resyncTexts = {
  compacted: 'etcd has compacted the history that the view missed',
  'rolled-back': 'the content of etcd was replaced by an older or another one',
  gap: 'the watch was interrupted, and events may be missing',
} as const;
