import { ApiFailure } from '../api/index.js';
import { visible } from '../text/index.js';

/** Why a request failed, in words that are safe to show. */
export function failureText(error: unknown): string {
  return visible(error instanceof ApiFailure ? error.message : String(error), 500);
}
