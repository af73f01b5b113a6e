import type { Db } from '../../db/client.ts';
import { findKeyHolder } from '../../db/queries/api-keys.ts';
import { ApiError } from './errors.ts';
import type { ApiActor } from './api-env.ts';
import { WrongKeys } from './wrong-keys.ts';

const BEARER = /^Bearer +(\S.*)$/i;

/** What a request says about its sender. */
export interface Claim {
  authorization: string | undefined;
  /** The client's address, as far as trusted proxies tell it. */
  address: string;
}

/** Finds the actor that an API key stands for. */
export class KeyCheck {
  readonly #db: Db;
  readonly #wrongKeys = new WrongKeys();

  constructor(db: Db) {
    this.#db = db;
  }

  /** Whether the key was valid before; it need not be valid now. */
  wasValid(authorization: string | undefined): boolean {
    const secret = secretOf(authorization);
    return secret !== undefined && this.#wrongKeys.wasAccepted(secret);
  }

  /** Throws `auth.required` for a wrong key, and `request.rate_limited` after too many guesses. */
  async actorOf({ authorization, address }: Claim): Promise<ApiActor> {
    const secret = secretOf(authorization);
    if (secret === undefined) throw keyRequired();
    await this.#wrongKeys.assertMayTry(secret, address);
    const holder = await findKeyHolder(this.#db, secret);
    if (holder) {
      this.#wrongKeys.accept(secret);
      return { kind: 'apiKey', ...holder };
    }
    await this.#wrongKeys.refuse(secret, address);
    throw keyRequired();
  }
}

function secretOf(authorization = ''): string | undefined {
  return BEARER.exec(authorization)?.[1];
}

function keyRequired(): ApiError {
  return new ApiError('auth.required', 'A valid API key is required.', {
    hint: 'Send the key as "Authorization: Bearer <api key>".',
  });
}
