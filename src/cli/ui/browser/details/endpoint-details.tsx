import type { EndpointRow } from '../../protocol/index.js';

export interface EndpointDetailsProps {
  /** The record, or its last state once it is gone. */
  readonly row: EndpointRow;
  readonly gone: boolean;
  readonly onClose: () => void;
}

/** The panel beside the list with everything about one record. */
export function EndpointDetails(_props: EndpointDetailsProps) {
  return <aside class="details" />;
}
