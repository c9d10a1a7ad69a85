/** A lone surrogate, which stands for a byte of a key that is not UTF-8. `encodeURIComponent` throws for it. */
const loneSurrogate = /\p{Surrogate}/u;
const loneSurrogates = /(\p{Surrogate})/u;

/** Percent-encodes a text. A lone surrogate, which UTF-8 cannot encode, is written as `%u` and four digits. */
export function encodePart(text: string): string {
  if (!loneSurrogate.test(text)) return encodeReadably(text);
  const parts = text.split(loneSurrogates);
  return parts
    .map((part, i) => (i % 2 === 0 ? encodeReadably(part) : `%u${part.charCodeAt(0).toString(16)}`))
    .join('');
}

/** The text of {@link encodePart}. What is not well-formed stays as it is. */
export function decodePart(encoded: string): string {
  const parts = encoded.split(/%u(d[89a-f][\da-f]{2})/i);
  return parts
    .map((part, i) => (i % 2 === 0 ? decode(part) : String.fromCharCode(Number.parseInt(part, 16))))
    .join('');
}

/** The characters that a fragment may contain as they are make a link easier to read. */
function encodeReadably(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%2C', ',');
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
