import type { Queue } from '../../protocol/index.js';

/** More would slow the page down; the filter finds the others. */
const maxShown = 200;

export interface QueueSelection {
  readonly shown: readonly Queue[];
  /** How many pass the filter. */
  readonly matching: number;
}

/** The locks and elections whose name or holder contains all words of a text, by name. */
export function selectQueues(queues: ReadonlyMap<string, Queue>, text: string): QueueSelection {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = [...queues.values()]
    .filter((queue) => hasWords(queue, words))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { shown: matching.slice(0, maxShown), matching: matching.length };
}

function hasWords({ name, kind, entries }: Queue, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const [holder] = entries;
  const searched = `${name}\n${kind}\n${holder?.value ?? ''}\n${holder?.lease ?? ''}`.toLowerCase();
  return words.every((word) => searched.includes(word));
}
