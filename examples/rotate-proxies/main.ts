import { Bctrl } from '@bctrl/client';

const [address = 'https://example.com', ...proxies] = process.argv.slice(2);
const bctrl = new Bctrl();

await using runtime = await bctrl.createRuntime();
const browser = await runtime.playwright();
const page = await browser.newPage();
for (const proxy of proxies.map(toProxy)) {
  await bctrl.api.PUT('/v1/workspaces/{id}/runtimes/{alias}/proxy', {
    params: { path: { id: runtime.info.workspaceId, alias: runtime.id } },
    body: { proxy },
  });
  await page.goto(address);
  console.log(`${proxy.host}:${proxy.port} ${await page.title()}`);
}

/** From `http://user:password@host:port` or `socks5://…`. */
function toProxy(text: string) {
  const { protocol, hostname: host, port, username, password } = new URL(text);
  const type = protocol === 'socks5:' ? 'socks5' : 'http';
  const login = {
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
  return { type, host, port: Number(port), ...(username !== '' && login) } as const;
}
