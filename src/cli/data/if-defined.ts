/** An object with this member, or an empty one if the value is undefined. */
export function ifDefined<Name extends string, T>(name: Name, value: T | undefined): { [K in Name]?: T } {
  const result: { [K in Name]?: T } = {};
  if (value !== undefined) result[name] = value;
  return result;
}
