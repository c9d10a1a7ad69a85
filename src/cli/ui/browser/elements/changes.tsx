import type { FieldChange } from '../../protocol/index.js';
import { visible } from '../text/index.js';

/** The changed fields of a record, each with its value before and after. */
export function Changes({ changes }: { readonly changes: readonly FieldChange[] }) {
  return (
    <ul class="changes">
      {changes.map((change) => (
        <li key={change.path}>
          <code class="path">{visible(change.path)}</code> <Values {...change} />
        </li>
      ))}
    </ul>
  );
}

function Values({ before, after }: FieldChange) {
  if (before === undefined) return <ins>{visible(after ?? '', 210)}</ins>;
  if (after === undefined)
    return (
      <>
        <del>{visible(before, 210)}</del> removed
      </>
    );
  return (
    <>
      <del>{visible(before, 210)}</del> → <ins>{visible(after, 210)}</ins>
    </>
  );
}
