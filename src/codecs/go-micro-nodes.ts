import { splitHostPort } from '../model/index.js';
import type { JsonValue } from '../naming/endpoint.js';
import { NamingError } from '../naming/errors.js';
import { fieldName } from './go-members.js';
import { addText, metadataMembers, type StringMap, toStringMap } from './string-metadata.js';

/** Go's `registry.Node`. */
export interface GoMicroNode {
  readonly id: string;
  readonly address: string;
  readonly metadata: StringMap;
}

/** Returns the nodes that have an address. Like go-micro, it reads what it can: see {@link textOf}. */
export function readNodes(value: JsonValue): readonly GoMicroNode[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly JsonValue[]).map(readNode).filter(({ address }) => address !== '');
}

function readNode(value: JsonValue): GoMicroNode {
  let node: GoMicroNode = { id: '', address: '', metadata: {} };
  let port: JsonValue | undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return node;
  for (const [name, member = null] of Object.entries(value)) {
    const field = fieldName(name);
    if (field === 'id' || field === 'address') node = { ...node, [field]: textOf(member, node[field]) };
    else if (field === 'metadata') node = { ...node, metadata: mapOf(member, node.metadata) };
    else if (field === 'port') port = member;
  }
  return { ...node, address: withPort(node.address, port) };
}

/** Versions before 1.8 write the port as a member of its own. */
function withPort(address: string, port: JsonValue | undefined): string {
  if (typeof port !== 'number' || !Number.isInteger(port) || port <= 0 || address === '') return address;
  const parts = splitHostPort(address);
  if ('problem' in parts || parts.port !== undefined) return address;
  return parts.host.includes(':') ? `[${parts.host}]:${port}` : `${parts.host}:${port}`;
}

/**
 * A Go `string`. go-micro ignores the error for a value of another type: the text stays what it was, and the rest of the
 * record counts.
 */
export function textOf(value: JsonValue, before: string): string {
  return typeof value === 'string' ? value : before;
}

/** A Go `map[string]string`, in the same way: a value of another type in it is an empty text. See {@link readStringMap}. */
export function mapOf(value: JsonValue, into: StringMap): StringMap {
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return into;
  for (const [name, text = null] of Object.entries(value)) addText(into, name, textOf(text, ''));
  return into;
}

/**
 * Checks the nodes that metadata has besides the endpoint's own.
 * @throws {NamingError} for anything but a list of objects with `id`, `address` and `metadata`.
 */
export function toNodes(value: JsonValue | undefined): readonly GoMicroNode[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new NamingError('metadata.nodes is not a list of nodes');
  return (value as readonly JsonValue[]).map((node) => {
    const { id = '', address, metadata, ...others } = metadataMembers(node, 'go-micro');
    if (
      typeof id !== 'string' ||
      typeof address !== 'string' ||
      address === '' ||
      Object.keys(others).length > 0
    )
      throw new NamingError('an item of metadata.nodes is not a node: { id, address, metadata }');
    return { id, address, metadata: toStringMap(metadataMembers(metadata, 'go-micro'), 'go-micro') };
  });
}
