import { isUtf8 } from 'node:buffer';
import { types } from 'node:util';
import { ValueDecodeError } from '../../errors/index.js';
import { type KeyValue, keyText, printable, wrongTypeError } from '../../model/index.js';
import { type StandardSchema, type Validator, validate } from './validator.js';

/** JSON's syntax of a number; an integer has no second group. */
const jsonNumber = /^[\t\n\r ]*(-?(?:0|[1-9]\d*))((?:\.\d+)?(?:[eE][+-]?\d+)?)[\t\n\r ]*$/;

/** A digit other than 0 before the exponent. */
const nonZero = /^[^eE]*[1-9]/;

/** The functions of {@link decode}. */
export interface Decode {
  /**
   * The value as text.
   * @throws {ValueDecodeError} if the value is not UTF-8.
   */
  string<K extends KeyValue | undefined>(kv: K): string | Extract<K, undefined>;
  /**
   * The value as a number, in JSON's syntax, such as `-1.5e3`; a line break at its end is allowed, as `echo` writes it.
   * @throws {ValueDecodeError} for other values; for a number above `Number.MAX_SAFE_INTEGER` (2^53 - 1) or below its
   *   negative, however it is written, because float64 rounds integers of that size: 2^53 itself could be a rounded
   *   2^53 + 1; and for a number other than 0 that float64 rounds to 0. Other fractions are rounded to float64.
   */
  number<K extends KeyValue | undefined>(kv: K): number | Extract<K, undefined>;
  /**
   * The value as an integer of any size, in the syntax of {@link Decode.number}.
   * @throws {ValueDecodeError} for other values.
   */
  bigint<K extends KeyValue | undefined>(kv: K): bigint | Extract<K, undefined>;
  /**
   * The value as JSON, of unknown type.
   * @throws {ValueDecodeError} if the value is not JSON.
   */
  json(kv: KeyValue | undefined): unknown;
  /**
   * The value as JSON, checked by a Standard Schema, such as one of zod, valibot or arktype. Returns the schema's output.
   * @throws {ValueDecodeError} if the value is not JSON, or if the schema refuses it: then its issues, or what it threw, are
   *   the `cause`. The message has neither their texts nor their paths, in which the names of members may be a part of the
   *   value. {InvalidInputError} for a schema that returns a promise, or neither a value nor a list of issues.
   */
  json<K extends KeyValue | undefined, T>(kv: K, schema: StandardSchema<T>): T | Extract<K, undefined>;
  /**
   * The value as JSON, checked by a function, which returns the value in its type, or throws. A type guard is not such a
   * function: its result, true or false, would be taken for the value.
   * @throws {ValueDecodeError} if the value is not JSON, or if the function throws, with what it threw as the `cause`;
   *   {InvalidInputError} for a function that returns a promise, also one of a library, or another object with `then()`.
   */
  json<K extends KeyValue | undefined, T>(kv: K, check: (value: unknown) => T): T | Extract<K, undefined>;
}

/**
 * Decodes stored values: `const limits = decode.json(kv, Limits)`. Takes every key-value: of a get, a range, a transaction,
 * a stream, a watch event, `prevKv` and a mirror, also after `structuredClone` or `postMessage`, which turn its Buffers into
 * Uint8Arrays. For undefined, such as the key-value of a missing key, the result is undefined. The value of a delete event
 * is empty, and so is that of a read with `keysOnly`.
 */
export const decode: Decode = {
  string: (kv) => present(kv, toText),
  number: (kv) => present(kv, toNumber),
  bigint: (kv) => present(kv, toBigint),
  json: <K extends KeyValue | undefined, T>(kv: K, validator?: Validator<T>) =>
    present(kv, (stored) => toJson(stored, validator)),
};

function present<K extends KeyValue | undefined, T>(
  kv: K,
  convert: (kv: KeyValue) => T,
): T | Extract<K, undefined> {
  if (kv === undefined) return undefined as Extract<K, undefined>;
  // A caller without types may pass the result of a get, or a value.
  if (!types.isUint8Array(kv?.key) || !types.isUint8Array(kv.value))
    throw wrongTypeError('kv', kv, 'a key-value, or undefined');
  return convert(withBuffers(kv));
}

/** A key-value that crossed threads has Uint8Arrays, which may be of another realm. */
function withBuffers(kv: KeyValue): KeyValue {
  if (Buffer.isBuffer(kv.key) && Buffer.isBuffer(kv.value)) return kv;
  return { ...kv, key: asBuffer(kv.key), value: asBuffer(kv.value) };
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function toText(kv: KeyValue): string {
  if (isUtf8(kv.value)) return kv.value.toString('utf8');
  throw decodeError(kv, 'is not UTF-8 text');
}

function toNumber(kv: KeyValue): number {
  const [text, , rest] = jsonNumber.exec(toText(kv)) ?? [];
  if (text === undefined) throw decodeError(kv, 'is not a number');
  const number = Number(text);
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER)
    throw decodeError(
      kv,
      rest === ''
        ? 'is an integer beyond Number.MAX_SAFE_INTEGER: use decode.bigint'
        : 'is a number beyond Number.MAX_SAFE_INTEGER',
    );
  if (number === 0 && nonZero.test(text)) throw decodeError(kv, 'is a number too small for float64');
  return number;
}

function toBigint(kv: KeyValue): bigint {
  const [, integer, rest] = jsonNumber.exec(toText(kv)) ?? [];
  if (integer === undefined || rest !== '') throw decodeError(kv, 'is not an integer');
  return BigInt(integer);
}

function toJson<T>(kv: KeyValue, validator: Validator<T> | undefined): unknown {
  const json = parse(kv);
  if (validator === undefined) return json;
  const result = validate(validator, json);
  if ('value' in result) return result.value;
  throw decodeError(kv, result.problem, result.cause);
}

function parse(kv: KeyValue): unknown {
  const text = toText(kv);
  try {
    return JSON.parse(text);
  } catch {
    // Without a cause: the text of a SyntaxError contains a part of the value.
    throw decodeError(kv, 'is not JSON');
  }
}

function decodeError({ key, value }: KeyValue, problem: string, cause?: unknown): ValueDecodeError {
  const text = value.length === 0 ? 'is empty' : problem;
  return new ValueDecodeError(`the value of '${printable(key)}' ${text}`, keyText(key), cause);
}
