import { join } from 'node:path';
import {
  API,
  type Checker,
  type Symbol as CompilerSymbol,
  type Project,
  type Signature,
  type Type,
} from 'typescript/unstable/sync';

/** The entry points of the package, with the declaration file of each. */
export const entries = {
  '.': 'index',
  './testing': 'testing/index',
  './codecs': 'codecs/index',
  './otel': 'otel/index',
  './proto': 'raw/index',
} as const;

export type Entry = keyof typeof entries;

/** A function, constructor or method that users of the package can reach. */
export interface DeclaredFunction {
  /** `register`, `new EtcdClient`, `KvClient.put`. */
  readonly name: string;
  readonly signature: Signature;
}

/** The emitted declarations, as the compiler reads them. */
export class Declarations {
  readonly #api: API;
  readonly #project: Project;
  readonly #root: string;

  /** @param root The package's folder, built. */
  constructor(root: string) {
    this.#root = root;
    this.#api = new API({ cwd: root });
    const config = join(root, 'test/support/declarations/tsconfig.json');
    const project = this.#api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (!project) throw new Error(`${config} is not a project`);
    this.#project = project;
  }

  get checker(): Checker {
    return this.#project.checker;
  }

  close(): void {
    this.#api.close();
  }

  /** Whether the symbol is declared in this package's own source, excluding generated code. */
  isOwn(symbol: CompilerSymbol | undefined): boolean {
    const paths = symbol?.declarations.map(({ path }) => path.toLowerCase()) ?? [];
    const built = `${join(this.#root, 'build/src')}/`.toLowerCase();
    return paths.some((path) => path.startsWith(built) && !path.startsWith(`${built}gen/`));
  }

  /**
   * Every function that the exported values are or lead to, through results and properties. @param values The names
   * that the entry point exports at run time: types alone are not callable.
   */
  functionsOf(entry: Entry, values: readonly string[]): DeclaredFunction[] {
    const file = this.#project.program.getSourceFile(join(this.#root, `build/src/${entries[entry]}.d.ts`));
    const module = file && this.checker.getSymbolAtLocation(file);
    if (!module) throw new Error(`${entry} has no declarations`);
    const walk = new Walk(this);
    for (const exported of this.checker.getExportsOfModule(module))
      if (values.includes(exported.name)) walk.value(this.#resolved(exported));
    return [...walk.found.values()];
  }

  #resolved(symbol: CompilerSymbol): CompilerSymbol {
    const isAlias =
      symbol.declarations.length === 0 || !this.isOwn(symbol) || symbol.valueDeclaration === undefined;
    return isAlias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }
}

class Walk {
  readonly found = new Map<string, DeclaredFunction>();
  readonly #declarations: Declarations;
  readonly #checker: Checker;
  readonly #seen = new Set<number>();

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
    this.#checker = declarations.checker;
  }

  /** An exported function, class or constant. */
  value(symbol: CompilerSymbol): void {
    if (!this.#declarations.isOwn(symbol)) return;
    const type = this.#checker.getTypeOfSymbol(symbol);
    if (!type) throw new Error(`${symbol.name} has no type`);
    for (const signature of this.#checker.getSignaturesOfType(type, 1)) {
      this.#add(`new ${symbol.name}`, signature);
    }
    this.#functions(symbol.name, type);
    this.#members(symbol.name, type);
  }

  #functions(name: string, type: Type): void {
    for (const signature of this.#checker.getSignaturesOfType(type, 0)) this.#add(name, signature);
  }

  #add(name: string, signature: Signature): void {
    const known = this.found.get(name);
    if (known && isSameDeclaration(known.signature, signature)) return;
    const unique = known ? `${name} (overload ${signature.id})` : name;
    this.found.set(unique, { name: unique, signature });
    const result = this.#checker.getReturnTypeOfSignature(signature);
    if (result) this.#type(result);
  }

  /** Visits a type that a caller can obtain. */
  #type(type: Type): void {
    if (this.#seen.has(type.id)) return;
    this.#seen.add(type.id);
    if (type.isUnionType() || type.isIntersectionType()) {
      for (const part of type.getTypes()) this.#type(part);
      return;
    }
    if (!type.isObjectType()) return;
    if (type.isTypeReference())
      for (const argument of this.#checker.getTypeArguments(type)) this.#type(argument);
    const alias = type.getAliasSymbol();
    this.#members(alias && this.#declarations.isOwn(alias) ? alias.name : undefined, type);
  }

  /** @param owner The name to use; default: the class or interface that declares the member. */
  #members(owner: string | undefined, type: Type): void {
    for (const property of this.#checker.getPropertiesOfType(type)) {
      if (/^(#|__@|prototype$)/.test(property.name) || !this.#declarations.isOwn(property)) continue;
      const of = this.#checker.getTypeOfSymbol(property);
      if (!of) continue;
      this.#functions(`${owner ?? declarer(property)}.${property.name}`, of);
      this.#type(of);
    }
  }
}

/** The class or interface that declares it; `Pick` and similar types keep that name. */
function declarer(property: CompilerSymbol): string {
  const parent = property.declarations[0]?.resolve()?.parent as { name?: { text?: string } } | undefined;
  return parent?.name?.text ?? '(anonymous)';
}

function isSameDeclaration(a: Signature, b: Signature): boolean {
  return a.declaration?.path === b.declaration?.path && a.declaration?.index === b.declaration?.index;
}
