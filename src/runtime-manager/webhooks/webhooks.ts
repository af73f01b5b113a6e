import type { EgressPolicy } from '../egress/egress-policy.ts';
import { EgressRefusal } from '../egress/egress-errors.ts';
import { canonicalHost } from '../egress/addresses.ts';
import { RuntimeError } from '../errors.ts';
import type { Actor } from '../runtime/actor.ts';
import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { WorkspaceStore } from '../workspaces/workspace-store.ts';
import { getWorkspace } from '../workspaces/workspaces.ts';
import { generateWebhookSecret, testMessage } from './message.ts';
import { isReceiverPort } from './receiver-ports.ts';
import type { Attempt, Sender } from './sender.ts';
import type { WebhookStore } from './webhook-store.ts';
import type { Delivery, DeliveryStatus, NewWebhook, Webhook, WebhookChanges } from './webhook.ts';

/** Of one organization. */
const WEBHOOKS_MAX = 100;
/** For how long messages are signed with the secret before the last, too. */
const KEEP_SECRET_MS = 24 * 3_600_000;

export interface WebhooksOptions {
  store: WebhookStore;
  workspaces: Pick<WorkspaceStore, 'find'>;
  policy: Pick<EgressPolicy, 'resolve'>;
  sender: Pick<Sender, 'send'>;
}

/** A webhook with its secret, which is told only once. */
export interface WebhookWithSecret {
  webhook: Webhook;
  secret: string;
}

/**
 * The webhooks of organizations. A caller that is limited to workspaces has only the webhooks of
 * these. A method throws `webhook.not_found` when the webhook does not exist for the actor.
 */
export class Webhooks {
  readonly #options: WebhooksOptions;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /**
   * `workspaceId` may be a name, too. Throws `webhook.url_not_allowed`, `webhook.too_many`,
   * `workspace.not_found`, and `auth.forbidden` for a caller that is limited to workspaces and names
   * none.
   */
  async create(
    actor: Actor,
    { workspaceId: ref, ...values }: Omit<NewWebhook, 'secret'>,
  ): Promise<WebhookWithSecret> {
    const { store, workspaces } = this.#options;
    if (actor.workspaceIds && ref === undefined) {
      const message = 'A caller that is limited to workspaces has to name the workspaceId.';
      throw new RuntimeError('auth.forbidden', message);
    }
    const workspaceId =
      ref === undefined ? undefined : (await getWorkspace(workspaces, actor, ref)).id;
    await this.#assertAllowed(values.url);
    const secret = generateWebhookSecret();
    const made = { ...values, workspaceId, secret };
    const webhook = await store.insert(actor.organizationId, made, WEBHOOKS_MAX);
    if (webhook) return { webhook, secret };
    const message = `The organization has ${WEBHOOKS_MAX} webhooks, which is the most.`;
    throw new RuntimeError('webhook.too_many', message);
  }

  async get(actor: Actor, id: string): Promise<Webhook> {
    return found(await this.#options.store.find(actor, id));
  }

  /** Newest first. */
  list(actor: Actor, page: PageRequest): Promise<Page<Webhook>> {
    return this.#options.store.list(actor, page);
  }

  /** Throws `webhook.url_not_allowed`. */
  async update(actor: Actor, id: string, changes: WebhookChanges): Promise<Webhook> {
    if (changes.url !== undefined) await this.#assertAllowed(changes.url);
    return found(await this.#options.store.update(actor, id, changes));
  }

  /** Resolves with the webhook as it was. What waits for it goes with it. */
  async delete(actor: Actor, id: string): Promise<Webhook> {
    return found(await this.#options.store.remove(actor, id));
  }

  /** Messages are signed with the secret before, too, for 24 hours. */
  async rotateSecret(actor: Actor, id: string): Promise<WebhookWithSecret> {
    const secret = generateWebhookSecret();
    const rotated = { secret, keepMs: KEEP_SECRET_MS };
    return { webhook: found(await this.#options.store.rotate(actor, id, rotated)), secret };
  }

  /** Sends a message of the type `webhook.test` at once, and once. */
  async test(actor: Actor, id: string, signal: AbortSignal): Promise<Attempt> {
    const { store, sender } = this.#options;
    const target = found(await store.findTarget(actor, id));
    const attempt = await sender.send(target, testMessage(id), signal);
    if (attempt.isDelivered) await store.hurry(id);
    return attempt;
  }

  /** Newest event first; those before the event `before`. */
  async listDeliveries(
    actor: Actor,
    id: string,
    { limit, ...filter }: DeliveryFilter,
  ): Promise<Delivery[]> {
    const webhook = await this.get(actor, id);
    return this.#options.store.listDeliveries(webhook.id, filter, limit);
  }

  /**
   * Tells at once what would fail with every message. A name that does not resolve now may do so
   * later.
   */
  async #assertAllowed(address: string): Promise<void> {
    const { hostname, port: named, protocol } = new URL(address);
    const host = canonicalHost(hostname) ?? '';
    const port = Number(named || (protocol === 'https:' ? 443 : 80));
    try {
      if (!isReceiverPort(port)) throw new EgressRefusal('unusual_port');
      await this.#options.policy.resolve({ host, port });
    } catch (error) {
      if (!(error instanceof EgressRefusal)) return;
      const message = `The url may not be reached from here. ${error.message}`;
      throw new RuntimeError('webhook.url_not_allowed', message, {
        details: { reason: error.code, problems: [{ path: 'url', message }] },
      });
    }
  }
}

interface DeliveryFilter {
  status: DeliveryStatus | undefined;
  before: string | undefined;
  limit: number;
}

function found<T>(webhook: T | undefined): T {
  if (webhook !== undefined) return webhook;
  throw new RuntimeError('webhook.not_found', 'There is no such webhook.');
}
