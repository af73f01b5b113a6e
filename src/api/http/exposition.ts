import { Registry, type OpenMetricsContentType } from 'prom-client';

const OPEN_METRICS = 'application/openmetrics-text';
const COUNTER = /^# TYPE (\S+) counter$/gm;
const ABOUT = /^# (HELP|TYPE) (\S+)/gm;
const EXEMPLAR = / # \{[^{}]*\} \S+ \S+$/gm;
const END = /^# EOF\n/m;

/** How a scrape is answered. */
export interface Exposition {
  text: string;
  contentType: string;
}

/**
 * Answers in OpenMetrics whoever accepts it, as Prometheus does where it takes exemplars, and all
 * others in the classic format. The library has exemplars in the former only.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export async function expose(
  registry: Registry<OpenMetricsContentType>,
  accept: string | undefined,
): Promise<Exposition> {
  const text = await registry.metrics();
  if (accept?.includes(OPEN_METRICS)) return { text, contentType: registry.contentType };
  return { text: toClassic(text), contentType: Registry.PROMETHEUS_CONTENT_TYPE };
}

/** In the classic format a counter has the name of its samples, and there are no exemplars. */
function toClassic(text: string): string {
  const counters = new Set([...text.matchAll(COUNTER)].map(([, name]) => name));
  return text
    .replace(END, '')
    .replace(EXEMPLAR, '')
    .replaceAll(ABOUT, (line, _word, name: string) =>
      counters.has(name) ? `${line}_total` : line,
    );
}
