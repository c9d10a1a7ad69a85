/** A method of KvCalls that answers every request with the message, converted as its caller asks. */
export function answering(message: unknown): (request: unknown, ...rest: unknown[]) => Promise<unknown> {
  return async (request, ...rest) => {
    const convert = rest.at(-1);
    return typeof convert === 'function' ? convert(message, request) : message;
  };
}
