import type { ActionName, EndpointRow, PreviewReply } from '../../protocol/index.js';
import { rowChanges } from '../../shared/index.js';
import type { ApiFailure } from '../api/index.js';
import { Changes } from '../elements/index.js';
import { current, viewStatus } from '../state/index.js';
import { visible } from '../text/index.js';
import { failureAdvice } from './failure-texts.js';
import type { ActionFlow, FlowEvent } from './flow.js';
import { notCurrentText, outcomeText } from './texts.js';
import { WeightForm } from './weight-form.js';

interface StepProps {
  readonly flow: ActionFlow;
  readonly dispatch: (event: FlowEvent) => void;
}

/** The content of the dialog in each phase. */
export function ActionStep({ flow, dispatch }: StepProps) {
  if (flow.phase === 'asking') return <WeightForm row={flow.row} dispatch={dispatch} />;
  return (
    <>
      <Progress flow={flow} dispatch={dispatch} />
      <p id="dialog-state" class="dialog-state" role="status">
        {stateText(flow)}
      </p>
    </>
  );
}

function Progress({ flow, dispatch }: StepProps) {
  switch (flow.phase) {
    case 'asking':
    case 'previewing':
      return null;
    case 'confirming':
    case 'sending':
      return <Preview action={flow.action} preview={flow.preview} />;
    case 'done':
      return <p class="success">✓ {outcomeText(flow.action, flow.row, flow.reply)}</p>;
    case 'failed':
      return <Failure flow={flow} dispatch={dispatch} />;
  }
}

function stateText(flow: ActionFlow): string {
  if (flow.phase === 'previewing') return 'Reading the record …';
  if (flow.phase === 'sending') return 'Waiting for etcd …';
  return flow.phase === 'confirming' && !current.value ? notCurrentText(viewStatus.value.kind) : '';
}

interface PreviewProps {
  readonly action: ActionName;
  readonly preview: PreviewReply;
}

/** Without a change, a warning says why there is none. */
function Preview({ action, preview: { changes, warnings } }: PreviewProps) {
  return (
    <>
      {changes.length > 0 && <Changes changes={changes} />}
      {changes.length === 0 && action === 'remove' && <p>The record would be deleted.</p>}
      {warnings.map((warning) => (
        <p key={warning} class="warning">
          <strong>Note:</strong> {visible(warning, 500)}
        </p>
      ))}
    </>
  );
}

interface FailureProps extends StepProps {
  readonly flow: ActionFlow & { readonly phase: 'failed' };
}

function Failure({ flow: { row, failure, during }, dispatch }: FailureProps) {
  const advice = failureAdvice(failure.code, during);
  const again = failure.code === 'conflict' ? failure.current : row;
  return (
    <div role="alert">
      <p class="error">
        <strong>{visible(failure.message, 500)}</strong>
      </p>
      <p>{advice.text}</p>
      {failure.code === 'conflict' && <Conflict seen={row} failure={failure} />}
      {advice.lookAgain && again && (
        <button type="button" onClick={() => dispatch({ type: 'looked-again', row: again })}>
          Look again
        </button>
      )}
    </div>
  );
}

/** What happened to the record since the user saw it. */
function Conflict({ seen, failure }: { readonly seen: EndpointRow; readonly failure: ApiFailure }) {
  if (!failure.current) return <p>The record is gone.</p>;
  const changes = rowChanges(seen, failure.current);
  if (changes.length === 0) return <p>It was written again, with the same content.</p>;
  return (
    <>
      <p>Changed since then:</p>
      <Changes changes={changes} />
    </>
  );
}
