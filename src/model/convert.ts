/**
 * Converts an answer to the result of its caller, before the call resolves: so a call with a conversion costs no promise
 * more than one without. An error that it throws rejects the call.
 */
export type Convert<Req, Res, T> = (answer: Res, request: Req) => T;

/** The result of a call, whose type without a conversion is that of its answer. */
export function converted<Req, Res, T>(
  answer: Res,
  request: Req,
  convert: Convert<Req, Res, T> | undefined,
): T {
  return convert === undefined ? (answer as unknown as T) : convert(answer, request);
}
