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
  resumes: false,
  confirmedAt: undefined,
});

/** The state of the view, evaluated once a second and when it changes. */
export const viewStatus: ReadonlySignal<ViewState> = computed(() => {
  const now = Math.max(tick.value, observation.value.receivedAt);
  return viewState(withoutSilent(observation.value, now), now);
});

/** How many records are not shown, because their keys are too long. */
export const omitted: ReadonlySignal<number> = computed(() => observation.value.status?.omitted ?? 0);

/** The addresses of etcd that the command uses; empty before the first status. */
export const etcdEndpoints: ReadonlySignal<readonly string[]> = computed(
  () => observation.value.status?.endpoints ?? [],
);

/** A stream that is silent is lost, also before a timer of the page has noticed it. */
function withoutSilent(observed: Observation, now: number): Observation {
  return now - observed.receivedAt > silenceLimitMs ? { ...observed, connected: false } : observed;
}

export function observeStatus(status: StatusMessage): void {
  const statusAt = performance.now();
  setServerNow(status.now);
  const { complete, resumes } = observation.value;
  observe({ status, statusAt, complete: complete || (resumes && status.etcd === 'live') });
  if (observation.value.complete && status.confirmedMsAgo !== undefined)
    observe({ confirmedAt: statusAt - status.confirmedMsAgo });
}

/** A snapshot is complete. It is as old as the last status says. */
export function observeSnapshot(): void {
  const { status, statusAt } = observation.value;
  const confirmedAt =
    status?.confirmedMsAgo === undefined ? performance.now() : statusAt - status.confirmedMsAgo;
  observe({ complete: true, confirmedAt });
}

/** A change has arrived. It does not confirm the view: others may be missing, which only a status knows. */
export function observeChange(): void {
  observe({});
}

/** A snapshot begins: what is shown is not current until its end. */
export function observeIncomplete(): void {
  observe({ complete: false, resumes: false });
}

export function observeConnection(resumes: boolean): void {
  observation.value = { ...observation.value, connected: true, complete: false, resumes };
}

export function observeLoss(): void {
  observation.value = { ...observation.value, connected: false, complete: false };
}

/** The command's wall clock at a time of the browser's monotonic clock. */
export function serverTime(at: number): number {
  return serverNow() - performance.now() + at;
}

function observe(change: Partial<Observation>): void {
  observation.value = { ...observation.value, receivedAt: performance.now(), ...change };
}
