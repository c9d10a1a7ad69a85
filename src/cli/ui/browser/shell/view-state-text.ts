import type { ViewState } from '../state/index.js';
import { durationText, timeText, visible } from '../text/index.js';

/** What the page says about what it shows. */
export interface ViewStateText {
  /** The state without times: it is announced when it changes. */
  readonly summary: string;
  /** Ages and times, which change every second. */
  readonly detail: string;
}

/**
 * @param toServerTime converts a time of the browser's monotonic clock to the command's wall clock.
 * @param now the command's wall clock.
 */
export function viewStateText(
  state: ViewState,
  toServerTime: (at: number) => number,
  now: number,
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
        summary: 'etcd is away',
        detail: sentence(`for ${durationText(state.forMs)}`, shown(state.asOf), state.error),
      };
    case 'refused':
      return { summary: 'etcd refuses the read', detail: sentence(mayLack(state.asOf), state.error) };
    case 'disconnected':
      return {
        summary: 'No connection to the command',
        detail: sentence(`for ${durationText(state.forMs)}`, shown(state.asOf)),
      };
  }
}

function sentence(...parts: readonly (string | undefined)[]): string {
  return parts.flatMap((part) => (part ? [visible(part)] : [])).join('; ');
}
