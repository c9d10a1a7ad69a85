/** A JSON object, as it is stored. */
type Members = Readonly<Record<string, unknown>>;

/**
 * What a record of a format has even if it has no address for gRPC, such as one of kratos with HTTP alone. go-zero has no
 * entry: its records are addresses and nothing else. Go's format has none: its own clients use no other records than ours.
 */
const shapes: ReadonlyMap<string, (members: Members) => boolean> = new Map([
  [
    'kratos',
    ({ name, endpoints, nodes }: Members) => isText(name) && isListOfTexts(endpoints) && nodes === undefined,
  ],
  ['go-micro', ({ name, nodes }: Members) => isText(name) && Array.isArray(nodes)],
  ['kitex', ({ network, address }: Members) => isText(network) && isText(address)],
  ['coredns', ({ host, text }: Members) => isText(host) || isText(text)],
]);

/** Whether a value has the form of a codec's records, also if the codec reads no endpoint from it. */
export function hasShapeOf(codec: string, value: Buffer): boolean {
  const hasShape = shapes.get(codec);
  if (!hasShape) return false; // without parsing, which takes long for a value of many levels
  const members = parseObject(value);
  return members !== undefined && hasShape(members);
}

function parseObject(value: Buffer): Members | undefined {
  try {
    const parsed: unknown = JSON.parse(value.toString());
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Members) : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
