/** `EXECGATE_ENDURANCE=1` takes a minute or two, 100 what is promised: a million messages, a hundred thousand commands. */
export const scale = Number(process.env['EXECGATE_ENDURANCE'] ?? 1)

/** The same hostile messages every time; another seed for others. */
export const seed = Number(process.env['EXECGATE_ENDURANCE_SEED'] ?? 1)

/** For all of a test, whatever the machine. */
export const timeout = 600_000 + scale * 60_000
