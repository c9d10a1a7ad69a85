import type { ActionName, ActionReply, EndpointRow, Settings } from '../../protocol/index.js';
import type { ViewState } from '../state/index.js';
import { visible } from '../text/index.js';

const labels: Readonly<Record<ActionName, string>> = {
  drain: 'Drain',
  undrain: 'Undrain',
  weight: 'Set weight',
  remove: 'Remove',
};

/** The name of an action on its buttons. */
export function actionLabel(action: ActionName): string {
  return labels[action];
}

const purposes: Readonly<Record<ActionName, string>> = {
  drain: 'Marks the record as draining: callers send new calls to other endpoints.',
  undrain: 'Removes the mark: the endpoint gets new calls again.',
  weight: 'Writes another share of the calls into the record.',
  remove: 'Deletes the record: callers no longer find the endpoint.',
};

export function actionPurpose(action: ActionName): string {
  return purposes[action];
}

/** What can be done with a record: one that is draining can be undrained, for example. */
export function actionsFor(row: EndpointRow, settings: Settings | undefined): readonly ActionName[] {
  if (!settings || settings.readOnly) return [];
  if (row.problem !== undefined) return ['remove'];
  const actions: ActionName[] = [];
  if (settings.canDrain) actions.push(row.status === 'draining' ? 'undrain' : 'drain');
  if (settings.canSetWeight) actions.push('weight');
  return [...actions, 'remove'];
}

/** The name of a record in sentences and titles. */
export function recordName({ addr, id, key }: EndpointRow): string {
  return visible(addr || id || key, 80);
}

const doneTexts: Readonly<Record<ActionName, string>> = {
  drain: 'is draining',
  undrain: 'is no longer draining',
  weight: 'has the new weight',
  remove: 'is removed',
};

const unchangedTexts: Readonly<Record<ActionName, string>> = {
  drain: 'was draining already; nothing was written',
  undrain: 'was not draining; nothing was written',
  weight: 'had this weight already; nothing was written',
  remove: 'was not there; nothing was written',
};

/** The outcome of an action, as a sentence. */
export function outcomeText(action: ActionName, row: EndpointRow, reply: ActionReply): string {
  const outcome = reply.changed ? doneTexts[action] : unchangedTexts[action];
  return `${recordName(row)} ${outcome}${reply.changed ? `, revision ${visible(reply.revision, 20)}` : ''}.`;
}

/** Why nothing can be confirmed while the view is not live. */
export function notCurrentText(kind: ViewState['kind']): string {
  const reasons: Partial<Record<ViewState['kind'], string>> = {
    away: 'etcd does not answer',
    refused: 'etcd refuses to be read',
    disconnected: 'the command does not answer',
    connecting: 'the command does not answer yet',
  };
  return `Not possible now: ${reasons[kind] ?? 'the page is loading'}.`;
}
