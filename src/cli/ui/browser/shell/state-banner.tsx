import { computed } from '@preact/signals';
import { serverNow, serverTime, tick, viewStatus } from '../state/index.js';
import { viewStateText } from './view-state-text.js';

const text = computed(() => {
  void tick.value;
  return viewStateText(viewStatus.value, serverTime, serverNow());
});
const summary = computed(() => text.value.summary);
const kind = computed(() => viewStatus.value.kind);

/** The state of the view. Assistive technology announces its changes, but not the ages. */
export function StateBanner() {
  return (
    <div class={`state ${kind.value}`}>
      <Summary />
      <Detail />
    </div>
  );
}

function Summary() {
  return (
    <strong role="status" class="state-summary">
      {summary.value}
    </strong>
  );
}

function Detail() {
  return <span class="state-detail">{text.value.detail}</span>;
}
