import type { IncomingMessage } from 'node:http';
import { ApiError } from '../ports.js';
import { limits } from './limits.js';

/**
 * Reads a body of JSON.
 * @throws {ApiError} for another content type, for a body that is too large, and for what is not JSON or does not arrive.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1);
  if (type.trim().toLowerCase() !== 'application/json')
    throw new ApiError('invalid', 'the content type must be application/json');
  if (request.headers['content-encoding'] !== undefined)
    throw new ApiError('invalid', 'the body must not be compressed');
  return parse(await readText(request));
}

async function readText(request: IncomingMessage): Promise<string> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > limits.bodyBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => request.destroy(), limits.bodyMs).unref();
  try {
    // The connection outlives the loop: it is needed for the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limits.bodyBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('invalid', 'the body did not arrive');
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the body, which may contain a token.
    throw new ApiError('invalid', 'the body is not JSON');
  }
}

function tooLarge(): ApiError {
  return new ApiError('too-large', `the body is larger than ${limits.bodyBytes} bytes`);
}
