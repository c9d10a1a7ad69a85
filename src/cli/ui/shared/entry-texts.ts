import type { EntryKind, LeaveReason, TimelineEvent } from '../protocol/index.js';
import { durationText } from './quantities.js';

type EventType = TimelineEvent['type'];

/** The types of entries that the user chooses from. */
export const entryKinds: readonly EntryKind[] = [
  'registered',
  'changed',
  'drained',
  'left',
  'unreadable',
  'etcd',
];

const kindByType: Readonly<Record<EventType, EntryKind>> = {
  registered: 'registered',
  changed: 'changed',
  drained: 'drained',
  undrained: 'drained',
  left: 'left',
  unreadable: 'unreadable',
  'etcd-away': 'etcd',
  'etcd-refused': 'etcd',
  'etcd-back': 'etcd',
  resync: 'etcd',
};

export function kindOf(type: EventType): EntryKind {
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
function reasonText(reason: LeaveReason | undefined): string {
  return reason === undefined ? 'finding out why' : reasonTexts[reason];
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
    case 'etcd-refused':
      return 'etcd refuses the read';
    case 'etcd-back':
      return `current again after ${durationText(what.forMs)}`;
    case 'resync':
      return `listed again: ${resyncTexts[what.reason]}`;
  }
}

const resyncTexts = {
  compacted: 'etcd has compacted the history that the view missed',
  'rolled-back': 'the content of etcd was replaced by an older or another one',
  gap: 'the watch was interrupted, and events may be missing',
} as const;
