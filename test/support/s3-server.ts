import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import S3rver from 's3rver';

export const BUCKET = 'archives';
/** Where s3rver keeps the parts of uploads that are not complete. */
const UPLOADS = '._S3rver_uploads';

type Handler = ReturnType<S3rver['callback']>;

interface Range {
  start?: number;
  end?: number | string;
}

/** s3rver on any port, and what it lacks of S3: uploads can be aborted, and a range may end at byte 0. */
export class S3Server extends S3rver {
  declare private readonly store: {
    getObject(bucket: string, key: string, range: Range): Promise<unknown>;
  };
  readonly #directory: string;

  constructor(directory: string) {
    super({
      port: 0,
      address: '127.0.0.1',
      silent: true,
      directory,
      configureBuckets: [{ name: BUCKET, configs: [] }],
    });
    this.#directory = directory;
    const getObject = this.store.getObject.bind(this.store);
    // It takes an end of 0 for none, but not '0'.
    this.store.getObject = (bucket, key, range) =>
      getObject(bucket, key, range.end === 0 ? { ...range, end: '0' } : range);
  }

  override callback(): Handler {
    const handle = super.callback();
    return (request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://s3');
      const uploadId = searchParams.get('uploadId');
      if (request.method !== 'DELETE' || uploadId === null) handle(request, response);
      else void this.#abort(uploadId, response);
    };
  }

  async #abort(uploadId: string, response: Parameters<Handler>[1]): Promise<void> {
    await rm(join(this.#directory, BUCKET, UPLOADS, uploadId), { recursive: true });
    response.statusCode = 204;
    response.end();
  }
}
