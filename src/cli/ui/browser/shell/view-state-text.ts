import type { ViewState } from '../state/index.js';
import { durationText, pluralize, timeText, visible } from '../text/index.js';

/** What the page says about what it shows. */
export interface ViewStateText {
  /** The state without times: it is announced when it changes. */
  readonly summary: string;
  /** Ages and times, which change every second. */
  readonly detail: string;
  /** The technical text of a failure, for those who ask for it. */
  readonly error?: string | undefined;
}

/**
 * @param toServerTime converts a time of the browser's monotonic clock to the command's wall clock.
 * @param now the command's wall clock.
 * @param endpoints the addresses of etcd, if they are known.
 */
export function viewStateText(
  state: ViewState,
  toServerTime: (at: number) => number,
  now: number,
  endpoints: readonly string[] = [],
): ViewStateText {
  const shown = (asOf: number | undefined) =>
    asOf === undefined
      ? 'nothing has been received yet'
      : `showing the state of ${timeText(toServerTime(asOf), now)}`;
  // etcd may go on sending the changes of a watch that it permitted before.
  const mayLack = (asOf: number | undefined) =>
    asOf === undefined ? shown(asOf) : `changes since ${timeText(toServerTime(asOf), now)} may be missing`;
  switch (state.kind) {
    case 'connecting':
      return { summary: 'Connecting', detail: `to the command for ${durationText(state.forMs)}` };
    case 'starting':
      return { summary: 'Loading', detail: 'the command lists the records' };
    case 'loading':
      return { summary: 'Loading', detail: shown(state.asOf) };
    case 'live':
      return { summary: 'Live', detail: `confirmed ${durationText(state.confirmedMs)} ago` };
    case 'away':
      return {
        summary: awaySummary(state.asOf, endpoints),
        detail: sentence(`for ${durationText(state.forMs)}`, shown(state.asOf)),
        error: state.error && visible(state.error, maxError),
      };
    case 'refused':
      return {
        summary: 'etcd refuses the read',
        detail: mayLack(state.asOf),
        error: state.error && visible(state.error, maxError),
      };
    case 'disconnected':
      return {
        summary: 'No connection to the command',
        detail: sentence(`for ${durationText(state.forMs)}`, shown(state.asOf)),
      };
  }
}

const maxError = 1_000;

/** Before anything was received, the address is probably wrong, or etcd is not started. */
function awaySummary(asOf: number | undefined, endpoints: readonly string[]): string {
  const [first, ...others] = endpoints;
  if (asOf !== undefined || first === undefined) return 'etcd is away';
  const more = others.length === 0 ? '' : ` or ${pluralize(others.length, 'other address', 'es')}`;
  return `No etcd answers at ${visible(first, 80)}${more}`;
}

function sentence(...parts: readonly (string | undefined)[]): string {
  return parts.flatMap((part) => (part ? [visible(part)] : [])).join('; ');
}
