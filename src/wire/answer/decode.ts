import { Code, EtcdError, errorFromServer } from '../../errors/index.js';
import { type Method, methodName } from '../method.js';
import { answerRules } from './shapes.js';
import { AnswerValidator, SizeLimitError } from './validator.js';

/** The limit for answers without values or lists. They have some hundred bytes, a member list or token some thousand. */
export const maxSmallAnswerBytes = 4 * 1024 * 1024;

/**
 * The memory that an element of a list, such as a key-value or an event, takes besides its bytes: objects, two buffers
 * and bigints.
 */
export const itemOverheadBytes = 512;

/**
 * Validates the bytes of an answer and decodes it. Without the validation, 50 MB of empty key-values would become 25
 * million objects. The limit counts the memory of the decoded answer, including `itemOverheadBytes` for each element of
 * its lists, so it also bounds the time of decoding. A fragment of a watch may take 64 MiB in any case, since etcd cuts
 * by bytes on the wire.
 *
 * @param maxBytes The limit for methods that answer with values or lists. For all other methods the limit is 4 MiB, or
 *   this value if it is smaller.
 * @throws {EtcdError} with reason `ResponseTooLarge`; or INTERNAL for an answer that violates etcd's protocol: a field of
 *   the wrong type, a number out of range, a key-value without its key or revisions.
 */
export function decodeAnswer<Res>(method: Method<never, Res>, bytes: Buffer, maxBytes: number): Res {
  const rule = answerRules.get(method.path);
  const limit = rule?.large ? maxBytes : Math.min(maxBytes, maxSmallAnswerBytes);
  const memoryLimit = Math.max(limit, rule?.leastMemoryBytes ?? 0);
  try {
    if (bytes.length > limit) throw new SizeLimitError();
    if (rule) new AnswerValidator(bytes, memoryLimit, itemOverheadBytes).validate(rule.shape);
    return method.responseDeserialize(bytes);
  } catch (error) {
    throw error instanceof SizeLimitError
      ? tooLarge(method, bytes.length, bytes.length > limit ? limit : memoryLimit)
      : malformedAnswer(method, error);
  }
}

/** The error for an answer that violates the protocol. */
export function malformedAnswer(method: { readonly path: string }, cause: unknown): EtcdError {
  return errorFromServer(Code.INTERNAL, `the answer to ${methodName(method)} is not of etcd's protocol`, {
    cause,
  });
}

function tooLarge(method: { readonly path: string }, length: number, limit: number): EtcdError {
  return new EtcdError(
    `the answer to ${methodName(method)} has ${length} bytes and would take more than ${limit} bytes in memory`,
    { code: Code.RESOURCE_EXHAUSTED, reason: 'ResponseTooLarge', verdict: 'maybe-applied' },
  );
}
