import { listenAsHttpProxy, listenAsSocksProxy } from '../../../test/support/proxy-servers.ts';
import { openSite } from '../../site.ts';
import { ONCE, type Budget } from '../budget.ts';
import { createLargeProfile, LARGE_PROFILE_MB } from '../large-profile.ts';
import { moreAtMost, rowOf, timesAtMost, type Row } from '../rows.ts';
import { openService, POOL_OFF, type BenchService } from '../service.ts';
import { settle } from '../settle.ts';
import { interleave } from '../statistics.ts';
import { uploadTwoExtensions } from '../two-extensions.ts';

const CREDENTIALS = { username: 'bench', password: 'secret' };

interface Creates {
  service: BenchService;
  launch: object;
  samples: number[];
}

/** What proxies, extensions and a profile add to the answer to a create. */
export async function measureLaunchOptions(budget: Budget): Promise<Row[]> {
  await using service = await openService();
  await using unpooled = await openService(POOL_OFF, 'pool off');
  using site = await openSite();
  using socks = await listenAsSocksProxy(CREDENTIALS);
  using http = await listenAsHttpProxy(CREDENTIALS);
  const profileId = await createLargeProfile(service, site.url);
  const extensionIds = await uploadTwoExtensions(service);
  const creates = (launch: object, of = service): Creates => ({ service: of, launch, samples: [] });
  const plain = creates({ mode: 'ephemeral' });
  const poolOff = creates({ mode: 'ephemeral' }, unpooled);
  const throughSocks = creates(proxied('socks5', socks.port));
  const throughHttp = creates(proxied('http', http.port));
  const extended = creates({ mode: 'ephemeral', extensionIds });
  const large = creates({ mode: 'profile', profileId });
  const all = [plain, poolOff, throughSocks, throughHttp, extended, large];
  // The first of each unpacks and warms.
  await interleave(ONCE, all, sample);
  for (const { samples } of all) samples.length = 0;
  await interleave(budget, all, sample);
  const without = { name: 'without', samples: plain.samples };
  return [
    rowOf('create', 'ms', plain.samples),
    rowOf('create with a socks5 proxy', 'ms', throughSocks.samples, moreAtMost(15, without)),
    rowOf('create with an http proxy', 'ms', throughHttp.samples, moreAtMost(15, without)),
    rowOf('create with two extensions', 'ms', extended.samples, moreAtMost(60, without)),
    rowOf('pool off: create', 'ms', poolOff.samples),
    rowOf(
      `create from a profile of ${LARGE_PROFILE_MB} MB`,
      'ms',
      large.samples,
      timesAtMost(1.25, { name: 'pool off', samples: poolOff.samples }),
    ),
  ];
}

async function sample({ service, launch, samples }: Creates): Promise<void> {
  await settle(...(service.name === 'service' ? [service] : []));
  const began = performance.now();
  const runtime = await service.create(launch);
  samples.push(performance.now() - began);
  await runtime.end();
}

function proxied(type: string, port: number): object {
  const proxy = { type, host: '127.0.0.1', port, ...CREDENTIALS };
  return { mode: 'ephemeral', config: { proxy } };
}
