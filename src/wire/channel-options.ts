import type { ChannelOptions } from '@grpc/grpc-js';
import { toAuthority } from '../model/index.js';
import type { TransportOptions } from './transport-options.js';

/**
 * How many bytes a member may send on one stream, and on one connection, before they are read. With Node's default of
 * 64 KiB a response of megabytes waits for an acknowledgement of each 64 KiB. A stream that is not read may keep this
 * much in memory.
 */
const flowControlWindow = 4 * 1024 * 1024;

/** Returns grpc-js's options for a channel to one member. */
export function makeChannelOptions(options: TransportOptions): ChannelOptions {
  const name = options.tls?.serverName;
  return {
    // The `:authority` of HTTP/2. The credentials set the name that TLS requests and verifies.
    ...(name === undefined ? {} : { 'grpc.default_authority': toAuthority(name) }),
    'grpc.enable_channelz': 0,
    'grpc.enable_http_proxy': 0,
    // UnaryCall retries. Retries of grpc-js would hide attempts from it.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    // A subchannel shared with other users of grpc-js may be in a long backoff.
    'grpc.use_local_subchannel_pool': 1,
    // Pings only while calls are open. Specification: https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md#basic-keepalive
    'grpc.keepalive_time_ms': options.keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs,
    'grpc.keepalive_permit_without_calls': 0,
    'grpc.initial_reconnect_backoff_ms': 250,
    'grpc.min_reconnect_backoff_ms': 250,
    'grpc.max_reconnect_backoff_ms': options.maxReconnectDelayMs,
    'grpc-node.flow_control_window': flowControlWindow,
    'grpc.max_receive_message_length': options.maxReceiveBytes,
    'grpc.max_send_message_length': -1,
  };
}
