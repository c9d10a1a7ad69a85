import { type Checker, type Symbol as CompilerSymbol, type Type, TypeFlags } from 'typescript/unstable/sync';
import type { Declarations, DeclaredFunction } from './declared-functions.js';

/** An object that a caller writes as an argument, or inside one. */
export interface DeclaredInput {
  /** The function that takes it, as {@link DeclaredFunction.name}. */
  readonly function: string;
  /** The index of the parameter. */
  readonly parameter: number;
  /** Its path in that argument: `['tls']`, `['success', '0', 'options']`. Empty for the argument itself. */
  readonly path: readonly string[];
  /** Literal members on the path that select its part of a union: `{ 'success.0.type': 'put' }`. */
  readonly discriminants: Readonly<Record<string, unknown>>;
  /** The name of its type, or `{…}` for an anonymous type. */
  readonly type: string;
  /** Every member name, with the kind of its value. */
  readonly members: ReadonlyMap<string, Kind>;
  readonly returnsPromise: boolean;
}

/** The kind of a value, as far as common mistakes go. */
export type Kind = 'number' | 'bigint' | 'boolean' | 'string' | 'function' | 'signal' | 'other';

/** Every object of the package's own types that the function takes, nested ones included. */
export function inputsOf(declarations: Declarations, { name, signature }: DeclaredFunction): DeclaredInput[] {
  const { checker } = declarations;
  const result = checker.getReturnTypeOfSignature(signature);
  const returnsPromise = result?.getSymbol()?.name === 'Promise';
  return signature.getParameters().flatMap((symbol, parameter) => {
    const type = checker.getTypeOfSymbol(symbol);
    if (!type) throw new Error(`${name}: parameter ${symbol.name} has no type`);
    const found = new Inputs(declarations);
    found.collect(type, [], {});
    return found.all.map((input) => ({ ...input, function: name, parameter, returnsPromise }));
  });
}

type Found = Pick<DeclaredInput, 'path' | 'discriminants' | 'type' | 'members'>;

class Inputs {
  readonly all: Found[] = [];
  readonly #declarations: Declarations;
  readonly #checker: Checker;
  /** Types on the current path: a transaction may contain transactions. */
  readonly #open: number[] = [];

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
    this.#checker = declarations.checker;
  }

  collect(type: Type, path: readonly string[], discriminants: DeclaredInput['discriminants']): void {
    if (this.#open.includes(type.id)) return;
    this.#open.push(type.id);
    if (type.isUnionType()) for (const part of type.getTypes()) this.collect(part, path, discriminants);
    else if (this.#checker.isArrayLikeType(type)) this.#item(type, path, discriminants);
    else if (this.#isWrittenDown(type)) this.#object(type, path, discriminants);
    this.#open.pop();
  }

  #item(array: Type, path: readonly string[], discriminants: DeclaredInput['discriminants']): void {
    const [item] = array.isTypeReference() ? this.#checker.getTypeArguments(array) : [];
    if (item) this.collect(item, [...path, '0'], discriminants);
  }

  /** Excludes functions, class instances, free-form objects and types of other packages. */
  #isWrittenDown(type: Type): boolean {
    if (!type.isObjectType() && !type.isIntersectionType()) return false;
    if (this.#checker.getSignaturesOfType(type, 0).length > 0) return false;
    if (this.#checker.getIndexInfosOfType(type).length > 0) return false;
    const properties = this.#checker.getPropertiesOfType(type);
    if (properties.some(({ name }) => name.includes('#'))) return false;
    return properties.some((one) => one.declarations.length === 0 || this.#declarations.isOwn(one));
  }

  #object(type: Type, path: readonly string[], outer: DeclaredInput['discriminants']): void {
    const properties = this.#checker.getPropertiesOfType(type).filter(({ name }) => !name.startsWith('__@'));
    const discriminants = { ...outer };
    for (const property of properties) {
      const of = this.#checker.getTypeOfSymbol(property);
      if (of?.isLiteralType()) discriminants[[...path, property.name].join('.')] = of.value;
    }
    this.all.push({ path, discriminants, type: nameOf(type), members: this.#kinds(properties) });
    for (const property of properties) this.#property(property, path, discriminants);
  }

  #kinds(properties: readonly CompilerSymbol[]): ReadonlyMap<string, Kind> {
    return new Map(
      properties.map((property) => [property.name, this.#kindOf(this.#checker.getTypeOfSymbol(property))]),
    );
  }

  #kindOf(type: Type | undefined): Kind {
    const parts = type?.isUnionType() ? type.getTypes() : type ? [type] : [];
    const kinds = parts
      .filter(({ flags }) => !(flags & TypeFlags.Undefined))
      .map((part) => this.#kindOfPart(part));
    const [first = 'other'] = kinds;
    return kinds.every((kind) => kind === first) ? first : 'other';
  }

  #kindOfPart(type: Type): Kind {
    if (type.flags & TypeFlags.NumberLike) return 'number';
    if (type.flags & TypeFlags.BigIntLike) return 'bigint';
    if (type.flags & TypeFlags.BooleanLike) return 'boolean';
    if (type.flags & TypeFlags.StringLike) return 'string';
    if (type.getSymbol()?.name === 'AbortSignal') return 'signal';
    return this.#checker.getSignaturesOfType(type, 0).length > 0 ? 'function' : 'other';
  }

  #property(
    property: CompilerSymbol,
    path: readonly string[],
    discriminants: DeclaredInput['discriminants'],
  ): void {
    const type = this.#checker.getTypeOfSymbol(property);
    if (type) this.collect(type, [...path, property.name], discriminants);
  }
}

function nameOf(type: Type): string {
  const name = type.getAliasSymbol()?.name ?? type.getSymbol()?.name ?? '';
  return name.startsWith('__') || name === '' ? '{…}' : name;
}
