import type {
  ActionName,
  ActionReply,
  ActionRequest,
  EndpointRow,
  PreviewReply,
} from '../../protocol/index.js';
import type { ApiFailure } from '../api/index.js';

/** Where the user is between the choice of an action and its result. */
export type ActionFlow = Subject &
  (
    | { readonly phase: 'asking' }
    | { readonly phase: 'previewing'; readonly request: ActionRequest }
    | { readonly phase: 'confirming'; readonly request: ActionRequest; readonly preview: PreviewReply }
    | { readonly phase: 'sending'; readonly request: ActionRequest; readonly preview: PreviewReply }
    | { readonly phase: 'done'; readonly reply: ActionReply }
    | {
        readonly phase: 'failed';
        readonly failure: ApiFailure;
        readonly during: 'preview' | 'action';
      }
  );

interface Subject {
  readonly action: ActionName;
  /** The version of the record that the user saw. */
  readonly row: EndpointRow;
}

export type FlowEvent =
  /** The user entered the weight. */
  | { readonly type: 'asked'; readonly weight: number }
  | { readonly type: 'previewed'; readonly preview: PreviewReply }
  | { readonly type: 'confirmed' }
  | { readonly type: 'done'; readonly reply: ActionReply }
  | { readonly type: 'failed'; readonly failure: ApiFailure }
  /** The user looked at another version of the record. */
  | { readonly type: 'looked-again'; readonly row: EndpointRow };

export function beginFlow(action: ActionName, row: EndpointRow): ActionFlow {
  return action === 'weight' ? { phase: 'asking', action, row } : previewing({ action, row });
}

/** The next state. An event that does not belong to the phase changes nothing: a second click sends nothing twice. */
export function nextFlow(flow: ActionFlow, event: FlowEvent): ActionFlow {
  switch (event.type) {
    case 'asked':
      return flow.phase === 'asking' ? previewing(flow, event.weight) : flow;
    case 'previewed':
      return flow.phase === 'previewing' ? { ...flow, phase: 'confirming', preview: event.preview } : flow;
    case 'confirmed':
      return flow.phase === 'confirming' ? { ...flow, phase: 'sending' } : flow;
    case 'done':
      return flow.phase === 'sending' ? { ...subjectOf(flow), phase: 'done', reply: event.reply } : flow;
    case 'failed':
      return afterFailure(flow, event.failure);
    case 'looked-again':
      return flow.phase === 'failed' ? beginFlow(flow.action, event.row) : flow;
  }
}

function previewing({ action, row }: Subject, weight?: number): ActionFlow {
  const request = { action, key: row.key, modRevision: row.modRevision, weight };
  return { phase: 'previewing', action, row, request };
}

function afterFailure(flow: ActionFlow, failure: ApiFailure): ActionFlow {
  if (flow.phase !== 'previewing' && flow.phase !== 'sending') return flow;
  const during = flow.phase === 'sending' ? 'action' : 'preview';
  return { ...subjectOf(flow), phase: 'failed', failure, during };
}

function subjectOf({ action, row }: ActionFlow): Subject {
  return { action, row };
}
