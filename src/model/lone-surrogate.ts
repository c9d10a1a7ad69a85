/** With the `u` flag, a surrogate matches only when its other half is missing. */
const loneSurrogate = /[\ud800-\udfff]/u;

/** Completes the error for a text with {@link hasLoneSurrogate}. */
export const loneSurrogateText = 'has half of a surrogate pair';

/** Whether UTF-8 cannot encode the text: JavaScript writes U+FFFD for the half of a pair, so different texts become equal. */
export function hasLoneSurrogate(text: string): boolean {
  return loneSurrogate.test(text);
}
