import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { StatusMessage } from '../../protocol/index.js';
import { silenceLimitMs } from '../stream/index.js';
import { serverNow, setServerNow, tick } from './clock.js';
import { type Observation, type ViewState, viewState } from './view-state.js';

const observation = signal<Observation>({
  connected: false,
  receivedAt: performance.now(),
  status: undefined,
  statusAt: 0,
  complete: false,
  confirmedAt: undefined,
});

/** The state of the view, evaluated once a second and when it changes. */
export const viewStatus: ReadonlySignal<ViewState> = computed(() => {
  const now = Math.max(tick.value, observation.value.receivedAt);
  return viewState(withoutSilent(observation.value, now), now);
});

/** A stream that is silent is lost, also before a timer of the page has noticed it. */
function withoutSilent(observed: Observation, now: number): Observation {
  return now - observed.receivedAt > silenceLimitMs ? { ...observed, connected: false } : observed;
}

export function observeStatus(status: StatusMessage): void {
  const now = performance.now();
  setServerNow(status.now);
  const { complete, confirmedAt } = observation.value;
  const isLive = status.etcd === 'live';
  // The command sends a status to a page that has records only when it has sent all that the page missed.
  const completes = complete || (isLive && confirmedAt !== undefined);
  const confirms = status.confirmedMsAgo !== undefined && completes;
  observe({
    status,
    statusAt: now,
    complete: completes,
    ...(confirms && { confirmedAt: now - (status.confirmedMsAgo ?? 0) }),
  });
}

/** A snapshot is complete. It is as old as the last status says. */
export function observeSnapshot(): void {
  const { status, statusAt } = observation.value;
  const confirmedAt =
    status?.confirmedMsAgo === undefined ? performance.now() : statusAt - status.confirmedMsAgo;
  observe({ complete: true, confirmedAt });
}

/** A change has arrived. It confirms the view, unless it is one of several that were missed. */
export function observeChange(): void {
  observe(observation.value.complete ? { confirmedAt: performance.now() } : {});
}

/** What is shown is not current: the stream was lost, or a snapshot begins. */
export function observeIncomplete(): void {
  observe({ complete: false });
}

export function observeConnected(connected: boolean): void {
  observation.value = { ...observation.value, connected, complete: false };
}

/** The command's wall clock at a time of the browser's monotonic clock. */
export function serverTime(at: number): number {
  return serverNow() - performance.now() + at;
}

function observe(change: Partial<Observation>): void {
  observation.value = { ...observation.value, receivedAt: performance.now(), ...change };
}
