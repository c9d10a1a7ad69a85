import { type Checker, type Symbol as CompilerSymbol, type Type, TypeFlags } from 'typescript/unstable/sync';
import type { Declarations, DeclaredFunction } from './declared-functions.js';

/** An object that a caller writes down, as an argument or inside one. */
export interface DeclaredInput {
  /** The function that takes it, as {@link DeclaredFunction.name}. */
  readonly function: string;
  /** Which parameter it belongs to. */
  readonly parameter: number;
  /** Where it stands in that argument: `['tls']`, `['success', '0', 'options']`. Empty for the argument itself. */
  readonly path: readonly string[];
  /** What has to stand beside it on the way, for it to be read as this part of a union: `{ 'success.0.type': 'put' }`. */
  readonly beside: Readonly<Record<string, unknown>>;
  /** Its type as declared, or `{…}` for one without a name. */
  readonly type: string;
  /** Every name that it may have, and what its value is. */
  readonly members: ReadonlyMap<string, Kind>;
  readonly returnsPromise: boolean;
}

/** What a value is, as far as a wrong one is easily made. */
export type Kind = 'number' | 'bigint' | 'boolean' | 'string' | 'function' | 'signal' | 'other';

/** Every object that the function takes from its caller: those of the package's own types, nested ones as well. */
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

type Found = Pick<DeclaredInput, 'path' | 'beside' | 'type' | 'members'>;

class Inputs {
  readonly all: Found[] = [];
  readonly #declarations: Declarations;
  readonly #checker: Checker;
  /** On the way to the present one: a transaction may contain transactions. */
  readonly #open: number[] = [];

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
    this.#checker = declarations.checker;
  }

  collect(type: Type, path: readonly string[], beside: DeclaredInput['beside']): void {
    if (this.#open.includes(type.id)) return;
    this.#open.push(type.id);
    if (type.isUnionType()) for (const part of type.getTypes()) this.collect(part, path, beside);
    else if (this.#checker.isArrayLikeType(type)) this.#item(type, path, beside);
    else if (this.#isWrittenDown(type)) this.#object(type, path, beside);
    this.#open.pop();
  }

  #item(array: Type, path: readonly string[], beside: DeclaredInput['beside']): void {
    const [item] = array.isTypeReference() ? this.#checker.getTypeArguments(array) : [];
    if (item) this.collect(item, [...path, '0'], beside);
  }

  /** No function, no instance of a class, no free-form object, and not of another package. */
  #isWrittenDown(type: Type): boolean {
    if (!type.isObjectType() && !type.isIntersectionType()) return false;
    if (this.#checker.getSignaturesOfType(type, 0).length > 0) return false;
    if (this.#checker.getIndexInfosOfType(type).length > 0) return false;
    const properties = this.#checker.getPropertiesOfType(type);
    if (properties.some(({ name }) => name.includes('#'))) return false;
    return properties.some((one) => one.declarations.length === 0 || this.#declarations.isOwn(one));
  }

  #object(type: Type, path: readonly string[], outer: DeclaredInput['beside']): void {
    const properties = this.#checker.getPropertiesOfType(type).filter(({ name }) => !name.startsWith('__@'));
    const beside = { ...outer };
    for (const property of properties) {
      const of = this.#checker.getTypeOfSymbol(property);
      if (of?.isLiteralType()) beside[[...path, property.name].join('.')] = of.value;
    }
    this.all.push({ path, beside, type: nameOf(type), members: this.#kinds(properties) });
    for (const property of properties) this.#property(property, path, beside);
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

  #property(property: CompilerSymbol, path: readonly string[], beside: DeclaredInput['beside']): void {
    const type = this.#checker.getTypeOfSymbol(property);
    if (type) this.collect(type, [...path, property.name], beside);
  }
}

function nameOf(type: Type): string {
  const name = type.getAliasSymbol()?.name ?? type.getSymbol()?.name ?? '';
  return name.startsWith('__') || name === '' ? '{…}' : name;
}
