import type { EndpointCodec } from '../naming/codec/endpoint-codec.js';

/**
 * Returns a function that creates a frozen codec, and returns the same object for equal options while it is in use:
 * readers with the same object share a watch, also if each call of theirs asks for the codec again.
 * @param create Gets the resolved options: values of JSON, each with its default, always in the same order.
 * @param codecs The codecs in use, by their options. Those that are not used are removed.
 */
export function memoized<Options extends object>(
  create: (options: Options) => EndpointCodec,
  codecs: Map<string, WeakRef<EndpointCodec>> = new Map(),
): (options: Options) => EndpointCodec {
  const unused = new FinalizationRegistry<string>((key) => {
    if (codecs.get(key)?.deref() === undefined) codecs.delete(key);
  });
  return (options) => {
    const key = JSON.stringify(options);
    const known = codecs.get(key)?.deref();
    if (known) return known;
    const codec = Object.freeze(create(options));
    codecs.set(key, new WeakRef(codec));
    unused.register(codec, key);
    return codec;
  };
}
