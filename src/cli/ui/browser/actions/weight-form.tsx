import { useRef, useState } from 'preact/hooks';
import type { EndpointRow } from '../../protocol/index.js';
import type { FlowEvent } from './flow.js';
import { parseWeight } from './weight-input.js';

interface WeightFormProps {
  readonly row: EndpointRow;
  readonly dispatch: (event: FlowEvent) => void;
}

/** Asks for the weight, which the preview needs. What is wrong with it is said when typing changes it. */
export function WeightForm({ row, dispatch }: WeightFormProps) {
  const [text, setText] = useState(String(row.weight));
  const input = useRef<HTMLInputElement>(null);
  const entered = parseWeight(text);
  const problem = 'problem' in entered ? entered.problem : '';
  const submit = (event: Event) => {
    event.preventDefault();
    if ('weight' in entered) dispatch({ type: 'asked', weight: entered.weight });
    else input.current?.focus();
  };
  return (
    <form class="weight" onSubmit={submit}>
      <label>
        Weight{' '}
        <input
          ref={input}
          type="text"
          inputMode="decimal"
          autocomplete="off"
          value={text}
          aria-invalid={problem !== ''}
          aria-describedby="weight-problem weight-hint"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary" aria-disabled={problem !== ''}>
        Preview
      </button>
      <p id="weight-problem" class="weight-problem" role="status">
        {problem}
      </p>
      <p id="weight-hint" class="hint">
        A number of 0 or more. An endpoint with twice the weight of another gets twice its calls.
      </p>
    </form>
  );
}
