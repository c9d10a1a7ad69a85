import { pageText } from './pages.js';

/** Who may make a call: any user, or only one with the role root; `-` if the release does not have the call. */
export type Permitted = 'any user' | 'root' | '-';

/** Who may make the calls of a row, by release: `3.6.16`. */
export interface AdminPermissionRow {
  /** The first cell, as it is written. */
  readonly calls: string;
  readonly permitted: ReadonlyMap<string, Permitted>;
}

/** The rows of the table of administrative calls in docs/permissions.md. */
export function adminPermissionRows(): AdminPermissionRow[] {
  const [, section = ''] = /^## Administrative calls$(.*?)^## /ms.exec(pageText('docs/permissions.md')) ?? [];
  const [head = [], ...rows] = [...section.matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) =>
    row.split(' | '),
  );
  const releases = head.slice(1);
  return rows.map(([calls = '', ...cells]) => ({
    calls,
    permitted: new Map(releases.map((release, i) => [release, cells[i] as Permitted])),
  }));
}
