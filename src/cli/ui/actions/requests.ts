import { maxWeight } from '../../data/endpoint-weight.js';
import { escapeAndTruncate } from '../../output/text.js';
import { ApiError } from '../ports.js';
import type { ActionRequest } from '../protocol/index.js';

/** @throws {ApiError} for a key that the page does not show. */
export function requireShownKey(key: string, prefix: string): void {
  if (!key.startsWith(prefix) || key === '')
    throw new ApiError('invalid', `the key '${escapeAndTruncate(key)}' is not below the prefix of the page`);
}

/** The revision of an action. @throws {ApiError} unless it is a positive number in decimal. */
export function parseModRevision(text: string): bigint {
  if (/^[1-9]\d{0,18}$/.test(text)) return BigInt(text);
  throw new ApiError('invalid', 'modRevision is not a revision');
}

/** The weight of the action `weight`. @throws {ApiError} as the option `--weight` of `etcd-naming add` does. */
export function requireWeight({ weight }: ActionRequest): number {
  if (typeof weight === 'number' && weight >= 0 && weight <= maxWeight) return weight + 0;
  throw new ApiError('invalid', `the weight must be a number from 0 to ${maxWeight}`);
}
