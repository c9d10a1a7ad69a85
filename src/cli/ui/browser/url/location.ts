import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { formatView, parseView, type View } from './view.js';

const fragment = signal(location.hash);

/** The view that the URL describes. It follows the back and forward buttons, and links. */
export const view: ReadonlySignal<View> = computed(() => parseView(fragment.value));

/** The `href` of a link that leads to a view. */
export function viewLink(view: View): string {
  return `#${formatView(view)}`;
}

/** Changes the view. The current one stays in the history unless `replace` is set. */
export function navigate(change: Partial<View>, options: { readonly replace?: boolean } = {}): void {
  const url = viewLink({ ...view.value, ...change });
  if (options.replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  fragment.value = location.hash;
}

/** Reads the URL again, after something else changed it. */
export function readLocation(): void {
  fragment.value = location.hash;
}
