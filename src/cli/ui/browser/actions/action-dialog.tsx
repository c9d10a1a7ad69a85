import { useEffect, useReducer } from 'preact/hooks';
import { type ActionName, type ActionRequest, type EndpointRow, paths } from '../../protocol/index.js';
import { ApiFailure, call } from '../api/index.js';
import { current } from '../state/index.js';
import { visible } from '../text/index.js';
import { Dialog } from './dialog.js';
import { type ActionFlow, beginFlow, type FlowEvent, nextFlow } from './flow.js';
import { ActionStep } from './steps.js';
import { actionLabel, recordName } from './texts.js';

interface ActionDialogProps {
  readonly action: ActionName;
  readonly row: EndpointRow;
  readonly onClose: () => void;
}

/** Longer than the command waits for etcd. */
const timeoutMs = 30_000;

/** Shows what an action would do, performs it after a confirmation, and shows its result. */
export function ActionDialog({ action, row, onClose }: ActionDialogProps) {
  const [flow, dispatch] = useReducer(nextFlow, undefined, () => beginFlow(action, row));
  useEffect(() => act(flow, dispatch), [flow]);
  const sending = flow.phase === 'sending';
  return (
    <Dialog
      title={`${actionLabel(action)} ${recordName(row)}`}
      subject={
        <>
          Record <code>{visible(row.key)}</code>, revision {visible(flow.row.modRevision, 20)}
        </>
      }
      locked={sending}
      onClose={onClose}
      buttons={
        <>
          <button type="button" aria-disabled={sending} onClick={() => sending || onClose()}>
            {flow.phase === 'done' || flow.phase === 'failed' ? 'Close' : 'Cancel'}
          </button>
          <ConfirmButton flow={flow} onConfirm={() => dispatch({ type: 'confirmed' })} />
        </>
      }
    >
      <ActionStep flow={flow} dispatch={dispatch} />
    </Dialog>
  );
}

/** Sends the request of a phase. */
function act(flow: ActionFlow, dispatch: (event: FlowEvent) => void): (() => void) | undefined {
  if (flow.phase === 'previewing') return preview(flow.request, dispatch);
  if (flow.phase === 'sending') perform(flow.request, dispatch);
  return undefined;
}

function preview(request: ActionRequest, dispatch: (event: FlowEvent) => void): () => void {
  const abort = new AbortController();
  const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(timeoutMs)]);
  call(paths.preview, request, signal).then(
    (reply) => dispatch({ type: 'previewed', preview: reply }),
    (error: unknown) => abort.signal.aborted || dispatch({ type: 'failed', failure: toFailure(error) }),
  );
  return () => abort.abort();
}

/** It is not aborted when the dialog closes: whether it was done would be unknown. */
function perform(request: ActionRequest, dispatch: (event: FlowEvent) => void): void {
  call(paths.action, request, AbortSignal.timeout(timeoutMs)).then(
    (reply) => dispatch({ type: 'done', reply }),
    (error: unknown) => dispatch({ type: 'failed', failure: toFailure(error) }),
  );
}

function toFailure(error: unknown): ApiFailure {
  return error instanceof ApiFailure ? error : new ApiFailure('malformed', String(error));
}

interface ConfirmButtonProps {
  readonly flow: ActionFlow;
  readonly onConfirm: () => void;
}

/** It is named after the action. It stays focusable while it is disabled, so that its description can be read. */
function ConfirmButton({ flow, onConfirm }: ConfirmButtonProps) {
  if (flow.phase === 'done' || flow.phase === 'failed' || flow.phase === 'asking') return null;
  const enabled = flow.phase === 'confirming' && current.value;
  return (
    <button
      type="button"
      class={flow.action === 'remove' ? 'primary danger' : 'primary'}
      aria-disabled={!enabled}
      aria-describedby="dialog-state"
      onClick={() => enabled && onConfirm()}
    >
      {actionLabel(flow.action)}
    </button>
  );
}
