import { computed } from '@preact/signals';
import { Disclosure } from '../elements/index.js';
import { etcdEndpoints, serverNow, serverTime, tick, viewStatus } from '../state/index.js';
import { viewStateText } from './view-state-text.js';

const text = computed(() => {
  void tick.value;
  return viewStateText(viewStatus.value, serverTime, serverNow(), etcdEndpoints.value);
});
const summary = computed(() => text.value.summary);
const error = computed(() => text.value.error);
const kind = computed(() => viewStatus.value.kind);

/** The state of the view. Assistive technology announces its changes, but not the ages. */
export function StateBanner() {
  return (
    <div class={`state ${kind.value}`}>
      <Summary />
      <Detail />
      <Cause />
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
  const { detail } = text.value;
  return (
    <span class="state-detail" title={detail}>
      {detail}
    </span>
  );
}

/** The error of etcd's client in full. It is over the page while it is open. */
function Cause() {
  if (!error.value) return null;
  return (
    <Disclosure class="cause" name="Cause">
      {error.value}
    </Disclosure>
  );
}
