/** The processor time that something takes, in microseconds, whatever else runs. */
export function processorTimeOf(act: () => void): number {
  const before = process.cpuUsage()
  act()
  const { user, system } = process.cpuUsage(before)
  return user + system
}
