/** A name and a value, as bytes (latin1): nothing is validated. */
export type HeaderField = readonly [name: string, value: string];

/**
 * Encodes fields as literals without indexing and without Huffman's code, so that the block depends on no earlier one.
 * Specification: https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2
 */
export function headerBlock(fields: readonly HeaderField[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([prefixed(bytes.length), bytes]);
}

/** A length with a prefix of seven bits. Specification: https://www.rfc-editor.org/rfc/rfc7541#section-5.1 */
function prefixed(length: number): Buffer {
  if (length < 0x7f) return Buffer.from([length]);
  const bytes = [0x7f];
  let left = length - 0x7f;
  for (; left >= 0x80; left >>= 7) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
}

export const responseFields: readonly HeaderField[] = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
];
