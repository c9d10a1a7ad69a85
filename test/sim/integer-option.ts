/**
 * The value of an option of a command that runs tests.
 *
 * @throws TypeError if it is not a whole number, or less than `least`: such a run would test nothing, and succeed.
 */
export function integerOption(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw new TypeError(`${name} is '${text}'; it must be a whole number of at least ${least}`);
  return value;
}
