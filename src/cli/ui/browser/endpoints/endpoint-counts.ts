import type { EndpointRow } from '../../protocol/index.js';
import { readsMetadata } from '../filter/index.js';
import type { Service } from '../state/index.js';
import { countText, pluralize } from '../text/index.js';

/** How many records there are. */
export interface EndpointCounts {
  readonly endpoints: number;
  /** Records whose value is not an endpoint. */
  readonly problems: number;
  /** Endpoints whose metadata the page does not have. */
  readonly large: number;
}

/** The counts of services together. One that does not exist has none. */
export function sumCounts(services: Iterable<Service | undefined>): EndpointCounts {
  let [records, problems, large] = [0, 0, 0];
  for (const service of services) {
    records += service?.rows.size ?? 0;
    problems += service?.problems ?? 0;
    large += service?.large ?? 0;
  }
  return { endpoints: records - problems, problems, large };
}

/** The size of a list: `3 of 6 endpoints, 1 unreadable record`. */
export function endpointCountText(shown: readonly EndpointRow[], counts: EndpointCounts): string {
  const { endpoints, problems } = counts;
  if (problems === 0) return countText(shown.length, endpoints, 'endpoint');
  const shownProblems = shown.reduce((sum, { problem }) => sum + Number(problem !== undefined), 0);
  const texts = [
    countText(shown.length - shownProblems, endpoints, 'endpoint'),
    countText(shownProblems, problems, 'unreadable record'),
  ];
  return texts.join(', ');
}

/** What a filter or an order by metadata cannot take into account. */
export function largeNote(
  { large }: EndpointCounts,
  filterReadsMetadata: boolean,
  sorted: { readonly name: string } | undefined,
): string {
  if (large === 0 || !(filterReadsMetadata || (sorted && readsMetadata(sorted)))) return '';
  return `The metadata of ${pluralize(large, 'endpoint')} is too large for filters and sorting.`;
}
