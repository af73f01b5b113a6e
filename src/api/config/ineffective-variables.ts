import { Environment, givenOf } from './environment.ts';
import { nearName } from '../../runtime-manager/runtime/index.ts';
import { CLUSTER_SETTINGS } from './settings/cluster.ts';

/** What only a process of a cluster uses. */
const OF_A_CLUSTER = new Set(
  Object.keys(CLUSTER_SETTINGS).filter((name) => /^(?:NATS|BCTRL_NODE)_/.test(name)),
);

/** Those for traces that the exporter reads by itself. */
const OF_THE_EXPORTER =
  /^OTEL_EXPORTER_OTLP_(?:TRACES_HEADERS|(?:TRACES_)?(?:TIMEOUT|COMPRESSION|CERTIFICATE|CLIENT_CERTIFICATE|CLIENT_KEY))$/;

/** A sentence about each variable that is set and changes nothing. */
export function ineffectiveVariables(env: NodeJS.ProcessEnv): string[] {
  const given = Object.keys(givenOf(env));
  const unused = given.includes('NATS_URL') ? [] : given.filter((name) => OF_A_CLUSTER.has(name));
  return [
    ...given.filter(isUnknown).map(unknownVariable),
    ...unused.map((name) => `${name} has no effect without NATS_URL`),
  ];
}

function isUnknown(name: string): boolean {
  const isOurs = name.startsWith('BCTRL_') || /^OTEL_EXPORTER_OTLP_(?:TRACES_)?/.test(name);
  return isOurs && !(name in Environment.shape) && !OF_THE_EXPORTER.test(name);
}

function unknownVariable(name: string): string {
  const near = nearName(name, Object.keys(Environment.shape));
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  return `${name} is not a variable of this service${meant}`;
}
