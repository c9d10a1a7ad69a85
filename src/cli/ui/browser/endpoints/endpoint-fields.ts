import type { EndpointRow } from '../../protocol/index.js';
import { type Field, type FieldSet, type FieldValue, metadataText, metadataValues } from '../filter/index.js';

type Reader = (row: EndpointRow) => FieldValue | undefined;

const fields: readonly Field<EndpointRow>[] = [
  field('service', 'Service', (row) => row.service),
  field('address', 'Address', (row) => row.addr || undefined, { aliases: ['addr'] }),
  field('id', 'ID', (row) => row.id, { title: 'The part of the key after the service' }),
  field('status', 'Status', (row) => row.status, { title: 'The status in the metadata' }),
  field('weight', 'Weight', (row) => (row.problem === undefined ? row.weight : undefined)),
  field('zone', 'Zone', (row) => row.zone),
  field('metadata', 'Metadata', (row) => metadataText(row) || undefined, {
    title: 'As JSON; the details of the endpoint show all of it',
  }),
  {
    name: 'lease',
    label: 'Lease left',
    title: 'The time until the lease ends unless it is renewed; a record without a lease is permanent',
    unordered: 'What is left of a lease is known for visible rows only.',
    values: leaseValues,
  },
  field('created', 'Create revision', (row) => Number(row.createRevision), {
    title: 'The revision of etcd that created the record',
  }),
  field('modified', 'Mod revision', (row) => Number(row.modRevision), {
    title: 'The revision of etcd that changed the record last',
    aliases: ['mod'],
  }),
  field('seen', 'First seen', (row) => (row.preexisting ? 0 : row.firstSeen), {
    title: 'When the command first saw the record: etcd stores no time',
  }),
  field('key', 'Key', (row) => row.key),
  field('problem', 'Problem', (row) => row.problem, { title: 'Why the record is not an endpoint' }),
];

/** The fields of an endpoint. */
export const endpointFields: FieldSet<EndpointRow> = {
  fields,
  metadata: (row, path) => metadataValues(row.metadata, path),
  searchText,
};

function field(
  name: string,
  label: string,
  read: Reader,
  more: Pick<Field<EndpointRow>, 'title' | 'aliases'> = {},
): Field<EndpointRow> {
  const values = (row: EndpointRow) => {
    const value = read(row);
    return value === undefined ? [] : [value];
  };
  return { name, label, values, ...more };
}

function leaseValues({ lease, problem }: EndpointRow): readonly FieldValue[] {
  if (lease !== undefined) return [lease];
  return problem === undefined ? ['permanent', 'none'] : [];
}

/** The texts of rows that were searched. A row is replaced when it changes. */
const searchTexts = new WeakMap<EndpointRow, string>();

function searchText(row: EndpointRow): string {
  let text = searchTexts.get(row);
  if (text === undefined) {
    text = `${row.key}\n${row.addr}\n${metadataText(row)}`.toLowerCase();
    searchTexts.set(row, text);
  }
  return text;
}
