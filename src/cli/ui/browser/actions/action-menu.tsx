import type { EndpointRow } from '../../protocol/index.js';

/** The actions on a record, each with a dialog that confirms it. */
export function ActionMenu(_props: { readonly row: EndpointRow }) {
  return <div class="actions" />;
}
