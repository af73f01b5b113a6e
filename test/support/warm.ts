/** How many browsers a service has ready, as its metrics say. */
export async function warmBrowsers(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^bctrl_warm_browsers (\d+)$/m.exec(metrics)?.[1]);
}
