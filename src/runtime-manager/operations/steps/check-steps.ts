import { isKind, type Yield } from '../calls/definition.ts';
import { yieldOfEvent } from '../calls/events.ts';
import { SCRIPT_CALL, TARGETS } from '../calls/kinds.ts';
import { checkArguments } from './arguments-of-call.ts';
import type { Bound } from './bound.ts';
import { below, firstIssues, type Issue, toIssues } from './issue.ts';
import { type ResolvedCall, resolveCall } from './resolve-call.ts';
import { Step, Steps } from './step.ts';

const RESERVED: readonly string[] = [...TARGETS, SCRIPT_CALL];
/** What is of use to later steps alone. */
const FOR_LATER: readonly Yield[] = ['locator', 'locatorList', 'frameLocator'];

/**
 * Everything that is wrong with a list of steps, before any of them runs. Paths begin with the
 * number of the step.
 */
export function checkSteps(given: unknown): Issue[] {
  const { data, error } = Steps.safeParse(given);
  if (error)
    return firstIssues(error.issues, (issue) => toIssues(issue, namesAt(issue.path.length)));
  const aliases = new Map<string, Bound>();
  return firstIssues(data, (step, at) => below([at], checkStep(step, aliases)));
}

function namesAt(depth: number): string[] {
  return depth === 1
    ? Object.keys(Step.shape)
    : Object.keys(Step.shape.options.def.innerType.shape);
}

/** Notes the alias of the step, too. */
function checkStep(step: Step, aliases: Map<string, Bound>): Issue[] {
  const found = resolveCall(step.call, aliases);
  const isFound = typeof found === 'object';
  const issues = isFound ? checkCall(step, found, aliases) : [];
  if (typeof found === 'string') issues.push({ path: ['call'], message: found });
  if (step.as === undefined) return issues;
  const problem = aliasProblem(step.as, aliases);
  if (problem !== undefined) issues.push({ path: ['as'], message: problem });
  const bound = isFound ? boundBy(step, found, aliases) : undefined;
  aliases.set(step.as, { kind: undefined, ...bound, isDry: step.options.dryRun });
  return issues;
}

function checkCall(step: Step, found: ResolvedCall, aliases: ReadonlyMap<string, Bound>): Issue[] {
  const { args, options } = step;
  const issues = below(['args'], checkArguments(found.call, args, aliases));
  if (aliases.get(found.base)?.isDry && !options.dryRun) {
    const message = `"${found.base}" is the alias of a dry run, which binds nothing`;
    issues.push({ path: ['call'], message });
  }
  const { lasts } = found.call;
  const lastsMs = lasts === undefined ? undefined : args[lasts];
  if (lasts !== undefined && typeof lastsMs === 'number' && lastsMs > options.timeoutMs) {
    const message = `Is more than the ${options.timeoutMs} ms of the step: raise its "timeoutMs"`;
    issues.push({ path: ['args', lasts], message });
  }
  return [...issues, ...checkBinding(step, found, aliases)];
}

function checkBinding(
  step: Step,
  found: ResolvedCall,
  aliases: ReadonlyMap<string, Bound>,
): Issue[] {
  const yields = yieldOf(step, found, aliases);
  if (step.as === undefined && FOR_LATER.includes(yields)) {
    const message = `"${step.call}" only finds what later steps use: name it with "as"`;
    return [{ path: [], message }];
  }
  if (step.as === undefined || boundBy(step, found, aliases)) return [];
  return [{ path: ['as'], message: `"${step.call}" yields nothing that a later step can call` }];
}

function aliasProblem(alias: string, aliases: ReadonlyMap<string, Bound>): string | undefined {
  if (RESERVED.includes(alias)) return `"${alias}" is the name of a target`;
  return aliases.has(alias) ? `An earlier step has the alias "${alias}"` : undefined;
}

/** What is bound where the step has an alias; undefined: nothing can be. */
function boundBy(
  step: Step,
  found: ResolvedCall,
  aliases: ReadonlyMap<string, Bound>,
): Pick<Bound, 'kind' | 'awaits'> | undefined {
  const yields = yieldOf(step, found, aliases);
  if (found.call.listens) return { kind: 'subscription', awaits: yields };
  return isKind(yields) ? { kind: yields } : undefined;
}

function yieldOf(
  { args }: Step,
  { call, base }: ResolvedCall,
  aliases: ReadonlyMap<string, Bound>,
): Yield {
  if (call.yields !== 'event') return call.yields;
  return aliases.get(base)?.awaits ?? yieldOfEvent(args[0]);
}
