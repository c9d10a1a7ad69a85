import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { type ListSource, LiveList } from './live-list.js';
import type { Ordering } from './sorted-list.js';

export interface LiveListOptions<T> {
  /** Called once: a component shows one source. */
  source(): ListSource<T>;
  /** Calls back with the keys of changes, or without when all was replaced. The returned function ends that. */
  listen(onChange: (keys?: ReadonlySet<string>) => void): () => void;
  readonly ordering: Ordering<T>;
  /** What the ordering is made of: it is evaluated again when one of these differs. */
  readonly orderedBy: readonly unknown[];
}

/** The list of a component, which follows its source. The component renders when the list changes. */
export function useLiveList<T>({ source, listen, ordering, orderedBy }: LiveListOptions<T>): LiveList<T> {
  const list = useMemo(() => new LiveList(source(), ordering), []);
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    if (!isFirst.current) list.setOrdering(ordering);
    isFirst.current = false;
  }, orderedBy);
  useLayoutEffect(() => listen((keys) => (keys ? list.update(keys) : list.rebuild())), []);
  // Read to render again when the list changes.
  void list.version.value;
  return list;
}
