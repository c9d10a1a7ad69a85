import type {
  ActionName,
  ActionRequest,
  LeasesRequest,
  RecordRequest,
  SessionRequest,
  TimelineRequest,
} from '../protocol/index.js';
import { entryKinds } from '../shared/index.js';
import { Fields, invalid } from './fields.js';

/** Checks the body of a request. @throws {ApiError} that names the field which is wrong. */
type Parse<Request> = (body: unknown) => Request;

const revision = /^[1-9]\d{0,18}$/;
const leaseId = /^[0-9a-f]{1,16}$/;
const actions: readonly ActionName[] = ['drain', 'undrain', 'weight', 'remove'];

export const parseSession: Parse<SessionRequest> = parser((fields) => ({ token: fields.text('token') }));

export const parseEmpty: Parse<object> = parser(() => ({}));

export const parseTimeline: Parse<TimelineRequest> = parser((fields) => ({
  service: fields.optionalText('service'),
  before: fields.optionalInteger('before', 0, Number.MAX_SAFE_INTEGER),
  limit: fields.optionalInteger('limit', 1, 500),
  key: fields.optionalText('key'),
  types: fields.optionalListOf('types', entryKinds),
  text: fields.optionalText('text', 200),
}));

export const parseRecord: Parse<RecordRequest> = parser((fields) => ({ key: fields.text('key') }));

export const parseLeases: Parse<LeasesRequest> = parser((fields) => ({
  leases: fields.listOf('leases', leaseId, 200, 'lease ids in hexadecimal'),
}));

export const parseAction: Parse<ActionRequest> = parser((fields) => {
  const name = fields.text('action');
  const action = actions.find((known) => known === name);
  if (action === undefined) throw invalid(`action must be one of ${actions.join(', ')}`);
  const request = {
    action,
    key: fields.text('key'),
    modRevision: fields.matching('modRevision', revision, 'a revision'),
    weight: fields.optionalAmount('weight'),
  };
  if ((action === 'weight') !== (request.weight !== undefined))
    throw invalid('weight is for the action weight, which requires it');
  return request;
});

function parser<Request>(read: (fields: Fields) => Request): Parse<Request> {
  return (body) => {
    const fields = new Fields(body);
    const request = read(fields);
    fields.end();
    return request;
  };
}
