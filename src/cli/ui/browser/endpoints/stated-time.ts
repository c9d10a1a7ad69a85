import type { Json } from '../../protocol/index.js';

/** Names of times of a registration or start, without case and separators. */
const names = new Set([
  'startedat',
  'starttime',
  'startat',
  'registeredat',
  'registertime',
  'registrationtime',
  'createdat',
  'createtime',
  'bootedat',
  'since',
]);

/** A time that the metadata carries, as it stands there. */
export interface StatedTime {
  readonly name: string;
  readonly text: string;
}

/** etcd stores no time, so a record has one only if its writer put one into the metadata. */
export function statedTime(metadata: Json | undefined): StatedTime | undefined {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return undefined;
  for (const [name, value] of Object.entries(metadata)) {
    const isTime = typeof value === 'number' || (typeof value === 'string' && value !== '');
    if (isTime && names.has(name.replace(/[-_. ]/g, '').toLowerCase())) return { name, text: String(value) };
  }
  return undefined;
}
