import { addressName } from '../../address/index.js';
import type { EndpointCodec } from '../../codec/endpoint-codec.js';
import type { EndpointRecord } from '../../endpoint.js';

/** How the records of a service that is stored in several formats are compared. */
export interface RecordRules {
  /** The name of the record's address. Records with the same name stand for one server. */
  nameOf(record: EndpointRecord): string;
  /** The place of the record's format in the order of the codecs; the lowest one counts. */
  rankOf(record: EndpointRecord): number;
}

/** The rules for the records of these codecs, in the order of their importance. */
export function rulesOf(codecs: readonly EndpointCodec[]): RecordRules {
  const ranks = new Map(codecs.map(({ name }, rank) => [name, rank]));
  const names = new WeakMap<EndpointRecord, string>();
  return {
    nameOf(record) {
      const known = names.get(record);
      if (known !== undefined) return known;
      const name = addressName(record.addr);
      names.set(record, name);
      return name;
    },
    // Only a view from disk has records without a known codec.
    rankOf: ({ codec }) => ranks.get(codec ?? '') ?? codecs.length,
  };
}
