import { Code, EtcdError, errorFromServer } from '../../errors/index.js';
import { type Method, methodName } from '../method.js';
import { answerRules } from './shapes.js';
import { AnswerValidator, SizeLimitError } from './validator.js';

/** The limit for answers without values or lists. etcd's have some hundred bytes, a member list or token some thousand. */
export const maxSmallAnswerBytes = 4 * 1024 * 1024;

/**
 * The memory that an element of a list, such as a key-value or an event, takes besides its bytes: objects, two buffers
 * and bigints.
 */
export const itemOverheadBytes = 512;

/**
 * Reads an answer, after a look at its bytes: decoded blindly, 50 MB of empty key-values are 25 million objects. The limit
 * counts what the answer would take in memory, `itemBytes` for each element of its lists included, so that decoding ends
 * soon as well.
 *
 * @param maxBytes For methods that answer with values or lists; it is 4 MiB, or this if less, for all others.
 * @throws {EtcdError} with reason `ResponseTooLarge`, or for what is not of etcd's protocol: a field of the wrong type, a
 *   number out of its range, a key-value without its key or revisions.
 */
export function decodeAnswer<Res>(method: Method<never, Res>, bytes: Buffer, maxBytes: number): Res {
  const rule = answerRules.get(method.path);
  const limit = rule?.large ? maxBytes : Math.min(maxBytes, maxSmallAnswerBytes);
  try {
    if (bytes.length > limit) throw new SizeLimitError();
    if (rule) new AnswerValidator(bytes, limit, itemOverheadBytes).validate(rule.shape);
    return method.responseDeserialize(bytes);
  } catch (error) {
    throw error instanceof SizeLimitError
      ? tooLarge(method, bytes.length, limit)
      : malformedAnswer(method, error);
  }
}

/** The error for an answer that violates the protocol. */
export function malformedAnswer(path: { readonly path: string }, cause: unknown): EtcdError {
  return errorFromServer(Code.INTERNAL, `the answer to ${methodName(path)} is not of etcd's protocol`, {
    cause,
  });
}

function tooLarge(path: { readonly path: string }, length: number, limit: number): EtcdError {
  return new EtcdError(
    `the answer to ${methodName(path)} has ${length} bytes and would take more than ${limit} in memory`,
    { code: Code.RESOURCE_EXHAUSTED, reason: 'ResponseTooLarge', verdict: 'maybe-applied' },
  );
}
