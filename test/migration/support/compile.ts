import { pathToFileURL } from 'node:url';
import { compileSnippets, programFile, type Snippet, snippetsOf } from '../../support/snippets.js';
import type { Row } from './page.js';

/** A compiled program of a row. */
export type Program = (scene: object) => Promise<unknown>;

/** One side of a table: how its programs become a module. */
export interface Side {
  /** The imports of the module. */
  readonly imports: string;
  /** The other names that programs use, with their types: the members of the interface `Scene`, one in each line. */
  readonly scene: string;
}

/** What to compile. */
export interface Page {
  /** Its path; its own programs, which those of its tables import, are compiled with them. */
  readonly path: string;
  readonly rows: readonly Row[];
  readonly before?: Side;
  readonly after: Side;
  /** Programs for the other client, by name. */
  readonly others?: ReadonlyMap<string, string>;
  /** Packages that the programs import besides this one, by name, with their folders. */
  readonly modules?: Readonly<Record<string, string>>;
}

/** The compiled programs, by the number of their row. */
export interface Programs {
  readonly folder: string;
  readonly before: readonly (Program | undefined)[];
  readonly after: readonly (Program | undefined)[];
  /** The file of a program of the page. */
  fileOf(name: string): string;
}

/** Compiles the programs of a page's rows as a user's package does. `adapt` sets the addresses in a program. */
export async function compileRows(
  { path, rows, before, after, others = new Map(), modules = {} }: Page,
  adapt: (code: string) => string,
): Promise<Programs> {
  const snippet = (name: string, code: string): Snippet => ({
    ...{ page: path, name, code, language: 'ts', mode: 'compiled', output: undefined },
  });
  const tables = [
    snippet(
      'rows-after',
      moduleOf(
        after,
        rows.map((row) => row.after && adapt(row.after)),
      ),
    ),
  ];
  if (before)
    tables.push(
      snippet(
        'rows-before',
        moduleOf(
          before,
          rows.map((row) => adapt(row.before)),
        ),
      ),
    );
  const own = [...snippetsOf(path), ...[...others].map(([name, code]) => snippet(name, code))];
  const adapted = own.map((one) => ({ ...one, code: adapt(one.code) }));
  const folder = compileSnippets([...adapted, ...tables], undefined, modules);
  const fileOf = (name: string) => programFile(folder, snippet(name, ''));
  const load = async (name: string) => {
    const url = pathToFileURL(fileOf(name)).href;
    return ((await import(url)) as { programs: readonly (Program | undefined)[] }).programs;
  };
  return { folder, before: before ? await load('rows-before') : [], after: await load('rows-after'), fileOf };
}

function moduleOf({ imports, scene }: Side, codes: readonly (string | undefined)[]): string {
  const names = [...scene.matchAll(/^ *(\w+):/gm)].map(([, name]) => name).join(', ');
  const functions = codes.map((code) =>
    code === undefined
      ? 'undefined'
      : `async (scene: Scene): Promise<unknown> => {\nconst { ${names} } = scene;\n${bodyOf(code)}\n}`,
  );
  return `${imports}\ninterface Scene {${scene}}\nexport const programs = [\n${functions.join(',\n')},\n];\n`;
}

/** The statements of a program. It returns the value of the last one, if that is an expression. */
function bodyOf(code: string): string {
  const end = code.lastIndexOf('; ');
  const last = end < 0 ? code : code.slice(end + 2);
  if (/^(for|if|const|await using|throw)\b/.test(last)) return `${code};\nreturn undefined;`;
  return `${end < 0 ? '' : code.slice(0, end + 1)}\nreturn (${last});`;
}
