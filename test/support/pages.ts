import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const generated = new Set(['.git', 'build', 'dist', 'node_modules']);

/** All pages of the repository, by their path from its root. */
export function allPages(folder = ''): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return generated.has(entry.name) ? [] : allPages(path);
    return path.endsWith('.md') ? [path] : [];
  });
}

export function pageText(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

export interface Link {
  readonly text: string;
  /** The path of the page or file, from the root of the repository. */
  readonly path: string;
  /** The heading, as it is written in the address; undefined without one. */
  readonly anchor: string | undefined;
}

/** A function of a page that reads the page once. */
function once<Result>(read: (page: string) => Result): (page: string) => Result {
  const results = new Map<string, Result>();
  return (page) => {
    const known = results.get(page) ?? read(page);
    results.set(page, known);
    return known;
  };
}

/** The links of a page to other files and to its own headings, pictures included. */
export const linksOf = once((page): readonly Link[] => {
  const links = proseOf(page).matchAll(/\[([^\]]*)\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g);
  return [...links].map(([, text = '', path = '', anchor]) => ({
    text,
    path: path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path))),
    anchor,
  }));
});

/** The addresses of a page's headings, as GitHub and GitLab derive them. */
export const anchorsOf = once((page): ReadonlySet<string> => {
  const anchors = new Set<string>();
  for (const heading of headingsOf(page)) {
    const anchor = anchorOf(heading);
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  for (const [, name = ''] of pageText(page).matchAll(/<a (?:id|name)="([^"]+)">/g)) anchors.add(name);
  return anchors;
});

function headingsOf(page: string): readonly string[] {
  const lines = withoutBlocks(pageText(page)).matchAll(/^#{1,6} (.+?)\s*#*$/gm);
  return [...lines].map(([, heading = '']) => heading);
}

function anchorOf(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** The text below a heading, up to the next heading of its level or a higher one; undefined without such a heading. */
export function sectionOf(page: string, heading: string): string | undefined {
  const text = pageText(page);
  const start = text.match(new RegExp(`^(#+) ${heading.replace(/[^\w ]/g, '\\$&')}$`, 'm'));
  if (start?.index === undefined) return undefined;
  const body = text.slice(start.index + start[0].length);
  const end = withSameLengthOfBlocks(body).search(new RegExp(`^#{1,${start[1]?.length ?? 1}} `, 'm'));
  return end < 0 ? body : body.slice(0, end);
}

/** The text of a page without its code. */
export const proseOf = once((page) => withoutCode(pageText(page)));

const blocks = /^(?: *)```.*?^ *```$/gms;
const withoutBlocks = (text: string) => text.replace(blocks, '');
const withSameLengthOfBlocks = (text: string) =>
  text.replace(blocks, (block) => block.replace(/[^\n]/g, '.'));
const withoutCode = (text: string) => withoutBlocks(text).replace(/`[^`\n]*`/g, '``');
