import type { Scenario } from '../scenario.ts'

/** Carried by everything a soak starts, whoever its parent is by then. */
const markVariable = 'EXECGATE_LOAD'

/** A shell with a background process: what is left of it when only the shell is killed is a leak. */
const familyOfTwo = 'sleep 300 & exec sleep 300'

/** The environment of a process is its own, and is inherited: proc_pid_environ(5). Prints a number. */
const countMarked = 'grep -lsF -- "$1" /proc/[0-9]*/environ | wc -l'

export const soak: Scenario = {
  help: 'start a process with a child of its own and kill it; whatever lives on at the end counts as an error.',
  prepare: async stage => {
    const client = await stage.connect()
    return async signal => {
      await using process = await client.start(familyOfTwo, { env: { [markVariable]: stage.mark }, signal })
      await process.kill(signal)
      for await (const { stream } of process.follow(signal)) throw new Error(`sleep wrote to ${stream}`)
      await process.wait(signal)
      return {}
    }
  },
  countLeftovers: async stage => {
    const client = await stage.connect()
    const { stdout } = await client.exec(['/bin/sh', '-c', countMarked, 'sh', `${markVariable}=${stage.mark}`], {
      signal: stage.signal,
    })
    return Number(stdout)
  },
}
