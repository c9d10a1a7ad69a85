/**
 * Makes `instanceof` recognise the errors of every copy of this package that the process has loaded, since two
 * dependencies may each install their own. The brand is a property of the class's prototype with a key that all copies
 * share. A subclass without a brand, such as a user's own, inherits this method and is compared by its prototype: the
 * brand of its base class would accept every error of the base class.
 *
 * @param errorClass The class; call this from its static block.
 * @param name The exported name. It is passed in because a bundler may rename the class.
 */
export function brand(errorClass: { readonly prototype: object }, name: string): void {
  const key = Symbol.for(`@org/etcd-naming/${name}`);
  Object.defineProperty(errorClass.prototype, key, { value: true });
  Object.defineProperty(errorClass, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== errorClass) return Function.prototype[Symbol.hasInstance].call(this as () => void, value);
      return typeof value === 'object' && value !== null && key in value;
    },
  });
}
