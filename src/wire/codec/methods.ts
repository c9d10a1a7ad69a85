import {
  AuthenticateRequest,
  AuthenticateResponse,
  CompactionRequest,
  CompactionResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from '../../gen/etcd/rpc.js';
import type { Method, StreamMethod } from '../method.js';
import { paths } from '../paths.js';
import { type EncodableMessage, requestEncoder } from './request-encoder.js';

// The methods whose answers the generated code decodes.

export const compact = generated(paths.compact, CompactionRequest, CompactionResponse);

export const leaseGrant = generated(paths.leaseGrant, LeaseGrantRequest, LeaseGrantResponse);
export const leaseRevoke = generated(paths.leaseRevoke, LeaseRevokeRequest, LeaseRevokeResponse);
export const leaseKeepAlive: StreamMethod<LeaseKeepAliveRequest, LeaseKeepAliveResponse> = {
  ...generated(paths.leaseKeepAlive, LeaseKeepAliveRequest, LeaseKeepAliveResponse),
  requestStream: true,
};
export const leaseTimeToLive = generated(
  paths.leaseTimeToLive,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
);
export const leaseLeases = generated(paths.leaseLeases, LeaseLeasesRequest, LeaseLeasesResponse);

export const authenticate = generated(paths.authenticate, AuthenticateRequest, AuthenticateResponse);

/** The generated function of a message that its decoder needs. */
interface DecodableMessage<T> {
  decode(bytes: Uint8Array): T;
}

function generated<Req, Res>(
  path: string,
  request: EncodableMessage<Req>,
  response: DecodableMessage<Res>,
): Method<Req, Res> {
  return {
    path,
    requestSerialize: requestEncoder(request),
    responseDeserialize: (bytes) => response.decode(bytes),
  };
}
