import { experimental, type ServiceConfig } from '@grpc/grpc-js';
import { InvalidInputError } from '../../../errors/index.js';
import { duration, number, optionsChecker, wholeNumber } from '../../../model/index.js';
import { NamingError } from '../../errors.js';

/**
 * Outlier detection by gRPC's rules: a server that answers, but fails most calls, gets no new calls for a while. The
 * names are those of gRFC A50.
 *
 * Specification: https://github.com/grpc/proposal/blob/master/A50-xds-outlier-detection.md
 */
export interface OutlierDetectionOptions {
  /** How often the calls since the last check are looked at, in milliseconds. Default 10,000. */
  readonly intervalMs?: number;
  /**
   * How long a server is ejected, in milliseconds, multiplied by the number of times in a row. Ejections end at a check.
   * Default 30,000.
   */
  readonly baseEjectionTimeMs?: number;
  /** The longest ejection, in milliseconds, at least `baseEjectionTimeMs`. Default 300,000, or `baseEjectionTimeMs` if that is more. */
  readonly maxEjectionTimeMs?: number;
  /** No server is ejected while this share of them is, in percent. Default 10. Above 0, one may always be; with 0, none is. */
  readonly maxEjectionPercent?: number;
  /** Ejects servers that fail a large share of their calls. On by default; `enforcementPercentage: 0` turns it off. */
  readonly failurePercentageEjection?: FailurePercentageOptions;
  /**
   * Ejects servers whose share of successful calls is far below that of the others. Default: off. Where nearly all calls
   * succeed, a server with one failure more than the others is far below them.
   */
  readonly successRateEjection?: SuccessRateOptions;
}

/** When a server is ejected for the share of its calls that fail. */
export interface FailurePercentageOptions {
  /** A server is ejected if more of its calls fail, in percent. Default 85, as in A50. */
  readonly threshold?: number;
  /** The probability that such a server is ejected, in percent. Default 100. */
  readonly enforcementPercentage?: number;
  /** The number of servers with enough calls below which none is ejected. Default 3; A50's is 5. */
  readonly minimumHosts?: number;
  /** The calls that a server needs between two checks to count, of one channel. Default 20; A50's is 50. */
  readonly requestVolume?: number;
}

/** When a server is ejected for a success rate that is below that of the others. */
export interface SuccessRateOptions {
  /**
   * A server is ejected if its rate is below the mean minus this many thousandths of the standard deviation. Default
   * 1,900, as in A50.
   */
  readonly stdevFactor?: number;
  /** The probability that such a server is ejected, in percent. Default 100. */
  readonly enforcementPercentage?: number;
  /** The number of servers with enough calls below which none is ejected. Default 5, as in A50. */
  readonly minimumHosts?: number;
  /** The calls that a server needs between two checks to count, of one channel. Default 100, as in A50. */
  readonly requestVolume?: number;
}

const percentage = number({ max: 100 });
const count = wholeNumber({ min: 1 });

const checkOptions = optionsChecker<OutlierDetectionOptions>({
  intervalMs: duration({ min: 1 }),
  baseEjectionTimeMs: duration({ min: 1 }),
  maxEjectionTimeMs: duration({ min: 1 }),
  maxEjectionPercent: percentage,
  failurePercentageEjection: optionsChecker<FailurePercentageOptions>({
    threshold: percentage,
    enforcementPercentage: percentage,
    minimumHosts: count,
    requestVolume: count,
  }),
  successRateEjection: optionsChecker<SuccessRateOptions>({
    stdevFactor: number(),
    enforcementPercentage: percentage,
    minimumHosts: count,
    requestVolume: count,
  }),
});

const defaultBaseEjectionTimeMs = 30_000;

/** @throws {InvalidInputError} for an invalid option, and for a longest ejection below the shortest. */
export function checkOutlierDetection(value: unknown, name: string): void {
  checkOptions(value, name);
  const options = value as OutlierDetectionOptions;
  const { baseEjectionTimeMs: base = defaultBaseEjectionTimeMs, maxEjectionTimeMs: max = base } = options;
  if (max >= base) return;
  throw new InvalidInputError(
    `${name}.maxEjectionTimeMs is ${max}, and baseEjectionTimeMs is ${base}; it must not be below that`,
  );
}

type Policies = ServiceConfig['loadBalancingConfig'];

/**
 * Returns the policies within outlier detection, in the form of grpc-js: names with underscores, and durations as
 * objects.
 * @throws {NamingError} if the process has turned grpc-js's outlier detection off.
 */
export function withOutlierDetection(
  policies: Policies,
  options: OutlierDetectionOptions | undefined,
): Policies {
  if (options === undefined) return policies;
  if (!experimental.isLoadBalancerNameRegistered(policyName))
    throw new NamingError(
      'outlierDetection needs the policy of grpc-js that GRPC_EXPERIMENTAL_ENABLE_OUTLIER_DETECTION turns off: unset the variable',
    );
  const { failurePercentageEjection: failures = {}, successRateEjection: successes } = options;
  const policy = {
    interval: toDuration(options.intervalMs ?? 10_000),
    base_ejection_time: toDuration(options.baseEjectionTimeMs ?? defaultBaseEjectionTimeMs),
    max_ejection_time: toDuration(options.maxEjectionTimeMs ?? 300_000),
    max_ejection_percent: options.maxEjectionPercent ?? 10,
    failure_percentage_ejection: {
      threshold: failures.threshold ?? 85,
      enforcement_percentage: failures.enforcementPercentage ?? 100,
      minimum_hosts: failures.minimumHosts ?? 3,
      request_volume: failures.requestVolume ?? 20,
    },
    ...(successes === undefined ? {} : { success_rate_ejection: toSuccessRate(successes) }),
    child_policy: policies,
  };
  return [{ [policyName]: policy }];
}

const policyName = 'outlier_detection';

function toSuccessRate(options: SuccessRateOptions): object {
  return {
    stdev_factor: options.stdevFactor ?? 1_900,
    enforcement_percentage: options.enforcementPercentage ?? 100,
    minimum_hosts: options.minimumHosts ?? 5,
    request_volume: options.requestVolume ?? 100,
  };
}

function toDuration(ms: number): experimental.Duration {
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: Math.round((ms - seconds * 1_000) * 1e6) };
}
