import { toJson } from '../../output/json.js';

/** One JSON text. Metadata may be nested deeper than JSON.stringify can follow; the slower serializer has no limit. */
export function encodeJson(value: object): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return toJson(value);
  }
}
