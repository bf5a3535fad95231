import { BlockList, isIPv4, isIPv6 } from 'node:net'
import type { Problem } from './problem.ts'

export type ListenAddress =
  { readonly transport: 'stdio' } | { readonly transport: 'websocket'; readonly host: string; readonly port: number }

const scheme = 'ws://'
const highestPort = 65_535

/**
 * Reads where to listen, section "Listen URL" of docs/protocol.md: `stdio`, `stdio://`, or `ws://` followed by an
 * IP literal (version 6 in brackets, without a zone) and a port, of which 0 picks a free one. Nothing may follow the
 * port. The problem texts are part of the protocol.
 */
export function parseListenUrl(text: string): ListenAddress | Problem {
  if (text === 'stdio' || text === 'stdio://') return { transport: 'stdio' }
  if (!text.startsWith(scheme)) {
    return { problem: `unsupported --listen URL \`${text}\`; expected \`ws://IP:PORT\` or \`stdio\`` }
  }
  const socket = parseSocketAddress(text.slice(scheme.length))
  if (socket === undefined) {
    return { problem: `invalid websocket --listen URL \`${text}\`; expected \`ws://IP:PORT\`` }
  }
  return { transport: 'websocket', ...socket }
}

/** `IP:PORT`, version 6 in brackets. */
export function parseSocketAddress(text: string): { host: string; port: number } | undefined {
  const { v4, v6, digits } = /^(?:(?<v4>[\d.]+)|\[(?<v6>[\da-f:.]+)\]):(?<digits>\d+)$/i.exec(text)?.groups ?? {}
  const port = Number(digits)
  if (digits === undefined || port > highestPort) return undefined
  if (v4 !== undefined && isIPv4(v4)) return { host: v4, port }
  if (v6 !== undefined && isIPv6(v6)) return { host: v6, port }
  return undefined
}

/**
 * Whether only this machine can reach an IP literal: 127.0.0.0/8, its IPv4-mapped form, or ::1. Anything that is not
 * an IP literal is not loopback, names included: what they resolve to can change.
 */
export function isLoopback(host: string): boolean {
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8, 'ipv4')
  loopback.addAddress('::1', 'ipv6')
  if (isIPv4(host)) return loopback.check(host, 'ipv4')
  return isIPv6(host) && loopback.check(host, 'ipv6')
}
