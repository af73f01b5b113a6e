import type { IncomingMessage } from 'node:http';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Actor, Runtime } from '../../runtime-manager/runtime/index.ts';
import { ApiError } from './errors.ts';
import type { Handshake } from './handshake.ts';
import { toIssues } from './request-issues.ts';

/** The caller. */
export interface ApiActor extends Actor {
  /** The id of the caller's API key. */
  keyId: string;
  keyName: string;
}

/** What the server passes along with a request. */
export interface ApiBindings {
  incoming: IncomingMessage;
  /** Present if the request asks for a websocket. */
  handshake?: Handshake;
  /** Present if a tool of MCP makes the request. */
  isOfTool?: true;
}

/** What middleware leaves for handlers. */
export interface ApiEnv {
  Bindings: ApiBindings;
  Variables: {
    requestId: string;
    /** When the request arrived, in milliseconds of `performance.now()`. */
    arrivedAt: number;
    log: Logger;
    actor: ApiActor;
    /** Whether the console asks, by its session. */
    isOfSession: boolean | undefined;
    /** Whether to carry the request out even if its client hangs up: it may retry for the answer. */
    outlivesClient: boolean | undefined;
    /** The id that a runtime or operation gets which the request makes; undefined: any. */
    newId: string | undefined;
    /** The runtime that a request is for, if middleware looked it up. */
    runtime: Runtime;
    /** The runtime that the request's log line names. */
    runtimeId: string | undefined;
    /** The id of what else the request made, for the audit. */
    targetId: string | undefined;
    /** The code of the error that the request is answered with. */
    errorCode: string | undefined;
    /** Whether error answers also have the form that WebDriver clients read. */
    webdriver: boolean | undefined;
  };
}

/** Makes every router: whatever a schema refuses is answered 400 with its issues. */
export function createRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.target, result.error.issues);
    },
  });
}

function invalid(target: string, found: z.core.$ZodIssue[]): ApiError {
  const issues = found.flatMap((issue) => toIssues(target === 'json' ? 'body' : target, issue));
  const first = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message))[0];
  return new ApiError('request.invalid', `The request is not valid: ${first}`, {
    details: { issues },
  });
}
