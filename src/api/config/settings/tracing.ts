import { z } from 'zod';
import { httpUrl, oneOf, setting, type ValuesOf } from './setting.ts';

/** The values of https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration */
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const PAIR = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/s;
const PAIRS_RULE =
  'not pairs such as key=value,other=value, with special characters in the values percent-encoded';

/** https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables */
const pairs = z.string().transform((text, problem) => {
  try {
    return Object.fromEntries(text.split(',').map(readPair));
  } catch {
    problem.addIssue(PAIRS_RULE);
    return z.NEVER;
  }
});

function readPair(text: string): [string, string] {
  const [, name, value] = PAIR.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new SyntaxError(PAIRS_RULE);
  return [name, decodeURIComponent(value)];
}

const share = z
  .string()
  .regex(/^(?:0|1|0?\.\d+|1\.0+|0\.0+)$/, 'not a share from 0 to 1, such as 0.05')
  .transform(Number);

/** Traces, by the variables that OpenTelemetry has for them. */
export const TRACING_SETTINGS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(
    httpUrl('http://collector:4318').optional(),
    'The URL that [traces](tracing.md) are sent to, such as `http://collector:4318`. Without it, nothing is traced',
  ),
  OTEL_EXPORTER_OTLP_HEADERS: setting(
    pairs.default({}),
    'Headers of these requests, such as `authorization=Bearer%20…`: pairs separated by commas, percent-encoded',
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: setting(
    oneOf(['http/protobuf']).default('http/protobuf'),
    'The protocol for sending traces. No other value is supported; most collectors accept it on port 4318',
  ),
  OTEL_SERVICE_NAME: setting(z.string().optional(), 'The name of this service in traces', {
    default: '`bctrl`',
  }),
  OTEL_RESOURCE_ATTRIBUTES: setting(
    pairs.default({}),
    'Additional attributes of this process, such as `deployment.environment.name=staging`, in the same form',
  ),
  OTEL_TRACES_SAMPLER: setting(
    oneOf(SAMPLERS).default('parentbased_always_on'),
    `Which traces are kept: ${SAMPLERS.map((name) => `\`${name}\``).join(', ')}; the \`parentbased\` samplers follow the \`traceparent\` of a request`,
  ),
  OTEL_TRACES_SAMPLER_ARG: setting(
    share.default(1),
    'For samplers with a ratio: the share of traces that is kept, from 0 to 1',
  ),
  OTEL_SDK_DISABLED: setting(
    z.stringbool({ truthy: ['true'], falsy: ['false'], error: 'not true or false' }).default(false),
    '`true`: nothing is traced, regardless of other settings',
  ),
};

/** How traces are made, and where they go. */
export interface TracingConfig {
  /** Where they are posted. */
  url: string;
  /** May hold credentials. */
  headers: Record<string, string>;
  serviceName: string | undefined;
  /** Of the process, beside those that it knows. */
  resourceAttributes: Record<string, string>;
  sampler: (typeof SAMPLERS)[number];
  /** The share that a sampler with a ratio keeps. */
  samplerRatio: number;
}

export interface TracedConfig {
  /** Undefined: nothing is traced. */
  tracing: TracingConfig | undefined;
}

export function tracedConfig(values: ValuesOf<typeof TRACING_SETTINGS>): TracedConfig {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: isDisabled } = values;
  if (endpoint === undefined || isDisabled) return { tracing: undefined };
  return {
    tracing: {
      url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
      headers: values.OTEL_EXPORTER_OTLP_HEADERS,
      serviceName: values.OTEL_SERVICE_NAME,
      resourceAttributes: values.OTEL_RESOURCE_ATTRIBUTES,
      sampler: values.OTEL_TRACES_SAMPLER,
      samplerRatio: values.OTEL_TRACES_SAMPLER_ARG,
    },
  };
}
