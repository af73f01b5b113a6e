import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/api/config/config.ts';

const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector:4318';

test('nothing is traced without an endpoint, or when that is turned off', () => {
  expect(loadConfig({ OTEL_SERVICE_NAME: 'x' }).tracing).toBeUndefined();
  const off = { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' };
  expect(loadConfig(off).tracing).toBeUndefined();
});

test('the variables of OpenTelemetry say how traces are made, and where they go', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${OTEL_EXPORTER_OTLP_ENDPOINT}/base/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a%3Db, x-tenant = one',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_SERVICE_NAME: 'browsers',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.05',
    OTEL_SDK_DISABLED: 'false',
  };
  expect(loadConfig(env).tracing).toEqual({
    url: 'http://collector:4318/base/v1/traces',
    headers: { authorization: 'Bearer a=b', 'x-tenant': 'one' },
    serviceName: 'browsers',
    resourceAttributes: { 'deployment.environment.name': 'staging' },
    sampler: 'parentbased_traceidratio',
    samplerRatio: 0.05,
  });
});

test.for([
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'not one of http/protobuf'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317', 'such as http://collector:4318'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'Bearer hidden', 'not pairs such as key=value'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization=%hidden', 'not pairs such as key=value'],
  ['OTEL_TRACES_SAMPLER', 'jaeger_remote', 'not one of always_on'],
  ['OTEL_TRACES_SAMPLER_ARG', '5', 'not a share from 0 to 1'],
])('%s=%s is refused with what would be right', ([name = '', value, rule]) => {
  const load = () => loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT, [name]: value });
  expect(load).toThrow(rule);
  expect(load).toThrow(name);
  expect(load).not.toThrow('hidden');
});

test('variables of the exporter that change nothing are reported', () => {
  const env = {
    OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/etc/ca.pem',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces',
    OTEL_EXPORTER_OTLP_ENDPOIN: 'http://collector:4318',
  };
  expect(loadConfig(env).ineffectiveVariables).toEqual([
    expect.stringMatching(/^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is not a variable of this service/),
    'OTEL_EXPORTER_OTLP_ENDPOIN is not a variable of this service; did you mean OTEL_EXPORTER_OTLP_ENDPOINT?',
  ]);
});
