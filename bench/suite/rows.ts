import { median, p95 } from './statistics.ts';

export type Unit = 'ms' | 'MB' | '/s' | '';

/** One line of the results: what was measured, and what it is held against. */
export interface Row {
  measure: string;
  unit: Unit;
  samples: number[];
  checks: Check[];
}

/** A figure with the goal that it has. One without a goal is only told. */
export interface Check {
  value: number;
  /** The value as people read it. */
  is: string;
  goal?: string;
  met?: boolean;
}

/** Samples that others are compared with. */
export interface Reference {
  name: string;
  samples: number[];
}

/** How many samples come to one figure. */
type Statistic = (samples: number[]) => number;

export function rowOf(
  measure: string,
  unit: Unit,
  samples: number[],
  ...checks: ((samples: number[], unit: Unit) => Check)[]
): Row {
  return { measure, unit, samples, checks: checks.map((check) => check(samples, unit)) };
}

export function isMissed({ checks }: Row): boolean {
  return checks.some(({ met }) => met === false);
}

export function medianAtMost(limit: number) {
  return (samples: number[], unit: Unit) => compare(median(samples), '≤', limit, unit);
}

export function medianAtLeast(limit: number) {
  return (samples: number[], unit: Unit) => compare(median(samples), '≥', limit, unit);
}

export function p95AtMost(limit: number) {
  return (samples: number[], unit: Unit) => {
    const check = compare(p95(samples), '≤', limit, unit);
    return { ...check, is: `p95 ${check.is}` };
  };
}

/** At most so many times as much as another. */
export function timesAtMost(factor: number, reference: Reference, statistic: Statistic = median) {
  return (samples: number[]) => ratio(samples, { sign: '≤', factor }, reference, statistic);
}

export function timesAtLeast(factor: number, reference: Reference) {
  return (samples: number[]) => ratio(samples, { sign: '≥', factor }, reference, median);
}

/** How many times as much as another, which is no goal. */
export function times({ name, samples: others }: Reference) {
  return (samples: number[]): Check => {
    const value = median(samples) / median(others);
    return { value, is: ratioText(value, name) };
  };
}

/** How much more than another, at most. */
export function moreAtMost(limit: number, { name, samples: others }: Reference) {
  return (samples: number[], unit: Unit): Check => {
    const more = median(samples) - median(others);
    const text = `${more < 0 ? '' : '+'}${figure(more)} ${unit} to ${name}`;
    return { value: more, is: text, goal: `≤ +${limit} ${unit}`, met: more <= limit };
  };
}

/** A figure that is no quantile of the samples. */
export function valueAtMost(value: number, limit: number, what: string, unit: Unit) {
  return (): Check => {
    const check = compare(value, '≤', limit, unit);
    return { ...check, is: `${what} ${check.is}` };
  };
}

export function noneOf(count: number, what: string) {
  return (): Check => ({ value: count, is: `${count} ${what}`, goal: '0', met: count === 0 });
}

export function figure(value: number): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toFixed(digits);
}

function ratio(
  samples: number[],
  { sign, factor }: { sign: '≤' | '≥'; factor: number },
  { name, samples: others }: Reference,
  statistic: Statistic,
): Check {
  const value = statistic(samples) / statistic(others);
  return {
    value,
    is: ratioText(value, statistic === p95 ? `p95 of ${name}` : name),
    goal: `${sign} ${factor}`,
    met: isWithin(value, sign, factor),
  };
}

function ratioText(value: number, name: string): string {
  return `${value.toFixed(value < 0.1 ? 3 : 2)} × ${name}`;
}

function compare(value: number, sign: '≤' | '≥', limit: number, unit: Unit): Check {
  const met = isWithin(value, sign, limit);
  return {
    value,
    is: withUnit(figure(value), unit),
    goal: withUnit(`${sign} ${limit}`, unit),
    met,
  };
}

function withUnit(text: string, unit: Unit): string {
  return unit === '' ? text : `${text} ${unit}`;
}

/** NaN, of samples that are not there, is within nothing. */
function isWithin(value: number, sign: '≤' | '≥', limit: number): boolean {
  return sign === '≤' ? value <= limit : value >= limit;
}
