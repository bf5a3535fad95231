/** One number of `/metrics`, by its name and labels as they stand there. 0 when nothing has counted yet. */
export async function metricValue(url: string, name: string): Promise<number> {
  const page = await (await fetch(new URL('/metrics', url.replace(/^ws/, 'http')))).text()
  const line = page.split('\n').find(each => each.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}
