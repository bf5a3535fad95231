import { listedPids, readStat } from '../lifecycle/proc-stat.ts'

/**
 * Who is in which operating-system session. The processes of the machine are looked through once for all sessions that are asked for in
 * one turn of the event loop: when thousands end together, once for each would take minutes.
 */
export class SessionTable {
  #members: ReadonlyMap<number | undefined, readonly number[]> | undefined

  /** Who was in the session at some time of this turn: to be looked at again before anything is done to them. */
  membersOf(session: number): readonly number[] {
    this.#members ??= this.#read()
    return this.#members.get(session) ?? []
  }

  #read(): ReadonlyMap<number | undefined, readonly number[]> {
    // Whoever asks later may know of later ones.
    setImmediate(() => (this.#members = undefined))
    return Map.groupBy(listedPids(), pid => readStat(pid)?.session)
  }
}
