import { decodePart, encodePart } from './encoding.js';

export const pages = ['services', 'endpoints', 'timeline', 'locks', 'members'] as const;

export type Page = (typeof pages)[number];

/** What the page shows. All of it is in the fragment of the URL. */
export interface View {
  readonly page: Page;
  /** The service of `endpoints` and `timeline`; undefined for all. A name may be empty. */
  readonly service?: string | undefined;
  readonly filter: string;
  /** The types of entries in `timeline`, with commas; undefined for all. */
  readonly types?: string | undefined;
  readonly sort?: Sort | undefined;
  /** The key of the record whose details are open. */
  readonly selected?: string | undefined;
}

export interface Sort {
  /** A column, or `metadata.` and a path. */
  readonly field: string;
  readonly descending: boolean;
}

/** The view of a fragment. What it does not know is ignored: a link of another version shows what it can. */
export function parseView(fragment: string): View {
  const fields = parseFragment(fragment);
  return {
    page: pages.find((page) => page === fields.get('page')) ?? 'services',
    service: fields.get('service'),
    filter: fields.get('filter') ?? '',
    types: fields.get('types') || undefined,
    sort: parseSort(fields.get('sort')),
    selected: fields.get('selected'),
  };
}

/** The fragment of a view, without `#`; parsing it gives the same view. */
export function formatView(view: View): string {
  const fields: [string, string | undefined][] = [
    ['page', view.page],
    ['service', view.service],
    ['filter', view.filter || undefined],
    ['types', view.types || undefined],
    ['sort', view.sort && (view.sort.descending ? '-' : '') + view.sort.field],
    ['selected', view.selected],
  ];
  return fields
    .flatMap(([name, value]) => (value === undefined ? [] : `${name}=${encodePart(value)}`))
    .join('&');
}

/** The one-time token of a fragment, and the fragment without it. */
export function takeToken(fragment: string): { readonly token?: string | undefined; readonly rest: string } {
  const parts = withoutHash(fragment).split('&');
  const rest = parts.filter((part) => !part.startsWith('token=')).join('&');
  return { token: parseFragment(fragment).get('token') || undefined, rest };
}

function parseFragment(fragment: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const part of withoutHash(fragment).split('&')) {
    const split = part.indexOf('=');
    if (split > 0) fields.set(part.slice(0, split), decodePart(part.slice(split + 1)));
  }
  return fields;
}

function parseSort(text: string | undefined): Sort | undefined {
  const descending = text?.startsWith('-') ?? false;
  const field = descending ? text?.slice(1) : text;
  return field ? { field, descending } : undefined;
}

function withoutHash(fragment: string): string {
  return fragment.startsWith('#') ? fragment.slice(1) : fragment;
}
