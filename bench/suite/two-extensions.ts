import { marker, REACT_DEVTOOLS, storePackage } from '../../test/support/packages.ts';
import type { BenchService } from './service.ts';

/** A small one, and a large one as people have it. Resolves with their ids. */
export async function uploadTwoExtensions({ uploadExtension }: BenchService): Promise<string[]> {
  return [
    await uploadExtension(await marker('Small')),
    await uploadExtension(await storePackage(REACT_DEVTOOLS)),
  ];
}
